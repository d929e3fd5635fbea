import type { RequestHead } from "../model/head.ts";
import { deadlineField, parseDeadline } from "../policy/deadline.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { Frontend } from "./frontend.ts";

/**
 * How long a caller waits by its own word (`policy/deadline.ts`), from the exchange's beginning, in ms; null: it has not said. It can
 * only shorten what holds anyway, wherever it is: a client outside the mesh is believed as well. Nobody outside is told.
 */
export function callersTimeMs(
  { direction }: Frontend,
  head: RequestHead,
  { startMs }: ExchangeRecord,
): number | null {
  const text = head.get(deadlineField);
  if (text === null) return null;
  if (direction === "egress") head.remove(deadlineField);
  return parseDeadline(text, direction === "outbound" ? startMs : null);
}
