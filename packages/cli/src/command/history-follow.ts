import type { EndpointRow, RecordedQuery } from "@heddle/control/api/verbs.ts";
import type { RecordedLine } from "@heddle/mesh/history/batch.ts";
import { processName, shortName } from "@heddle/mesh/history/endpoint-name.ts";
import type { EndpointName, HistoryEvent } from "@heddle/mesh/history/event.ts";
import { historiesOf } from "@heddle/mesh/history/histories.ts";
import { formatEvent } from "@heddle/mesh/history/notation.ts";
import type { ApiClient } from "../api/client.ts";
import { eventData } from "../render/history.ts";
import type { HistoryOptions } from "./history-options.ts";
import { findProcesses, type HistoryTarget, resolveTarget } from "./history-target.ts";
import { namespaceOf } from "./options.ts";
import { fetchContracts } from "./recorded-source.ts";
import { parseSince } from "./since.ts";
import { mustBeSeen } from "./unseen.ts";
import { apiOf, type World } from "./world.ts";

/**
 * Prints events of processes as they are recorded, which is when an exchange is over; each process's own in order. Without
 * `--since` from now on.
 */
export async function followHistory(
  world: World,
  target: HistoryTarget | null,
  options: HistoryOptions,
): Promise<void> {
  const api = await apiOf(world, options);
  await mustBeSeen(api);
  const namespace = namespaceOf(options);
  const meant = target === null ? null : await resolveTarget(api, target, namespace ?? "default");
  const contracts = await fetchContracts(api);
  const nowWallMs = world.clock.wallMs();
  const query: RecordedQuery = {
    follow: "true",
    since: String(parseSince(options.since, nowWallMs) ?? nowWallMs),
    ...(namespace === null ? {} : { namespace }),
    ...(meant?.kind === "workload" ? { workload: meant.name } : {}),
  };
  const processes = new Set(
    meant?.kind === "service" ? await behind(api, meant.name, namespace) : [],
  );
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort()).once("SIGTERM", () => stop.abort());
  for await (const line of api.lines("recorded", { query: { ...query }, signal: stop.signal })) {
    const told = line as RecordedLine;
    if (!("batch" in told)) continue;
    const recorded = historiesOf([told.batch], { contracts });
    for (const endpoint of findProcesses(recorded, meant, namespace)) processes.add(endpoint);
    for (const { endpoint, events } of recorded.histories.values()) {
      if (!processes.has(endpoint)) continue;
      for (const event of events) world.out.write(lineOf(event, options, recorded.lives));
    }
    const { workload, gaps } = told.batch;
    const own = processName(workload.namespace, workload.name);
    if (meant?.kind === "service" && !processes.has(own)) continue; // callers have gaps of their own
    for (const { reason, missing } of gaps) {
      world.err.write(`… ${workload.name}: ${formatMissing(missing)} (${reason})\n`);
    }
  }
}

function formatMissing(count: number): string {
  if (count < 0) return "exchanges may be missing";
  return count === 1 ? "an exchange is missing" : `${count} exchanges are missing`;
}

/** Who is behind a service now, also before it is asked. */
async function behind(
  api: ApiClient,
  service: string,
  namespace: string | null,
): Promise<readonly EndpointName[]> {
  const query = { service, namespace: namespace ?? undefined };
  const rows = await api.verb<readonly EndpointRow[]>("endpoints", { query });
  return rows.map((row) => processName(row.namespace, row.workload));
}

function lineOf(
  event: HistoryEvent,
  { output, namespace = "default" }: HistoryOptions,
  lives: Parameters<typeof eventData>[1],
): string {
  if (output === "json") return `${JSON.stringify(eventData(event, lives))}\n`;
  return `${shortName(event.endpoint, namespace)}  ${formatEvent(event, { namespace })}\n`;
}
