import { type FrontHop, messageId, type RecordedAttempt } from "../history/exchange.ts";
import type { Life, Seen } from "./records.ts";
import { type Findings, wordsOf } from "./report.ts";

/** A request that one proxy sent to another's address. */
export interface Sent {
  readonly id: string;
  readonly seen: Seen;
  readonly attempt: RecordedAttempt;
}

/** A request that a process's proxy received. */
export interface Received {
  readonly id: string;
  readonly seen: Seen;
  readonly front: FrontHop;
}

export function sentBy(life: Life): readonly Sent[] {
  return life.exchanges.flatMap((seen) => {
    const { direction, backend, attempts } = seen.exchange;
    // A copy of a request has no caller, and is sent like any other.
    if ((direction !== "outbound" && direction !== "gateway") || backend === null) return [];
    return attempts.flatMap((attempt): readonly Sent[] => {
      const id = idOf(attempt);
      return id === null || attempt.sentSeq === 0 ? [] : [{ id, seen, attempt }];
    });
  });
}

export function receivedBy(life: Life): readonly Received[] {
  return life.exchanges.flatMap((seen): readonly Received[] => {
    const { direction, front, receivedSeq } = seen.exchange;
    if (direction !== "inbound" || receivedSeq === 0 || front.ordinal === 0) return [];
    return [{ id: messageId(front.connection, front.ordinal, "request"), seen, front }];
  });
}

/** A message is sent once and received once. */
export function unique<T extends Sent | Received>(
  all: readonly T[],
  verb: string,
  findings: Findings,
): ReadonlyMap<string, T> {
  const byId = new Map<string, T>();
  for (const one of all) {
    findings.judge();
    const before = byId.get(one.id);
    if (before === undefined) {
      byId.set(one.id, one);
      continue;
    }
    const paths = [before, one].map(({ seen }) => wordsOf(seen.exchange));
    violateAt(findings, one, `two messages were ${verb} under one id`, {
      processes: [before.seen.of.workload, one.seen.of.workload],
      expected: "one message",
      found: paths.join(" and "),
    });
  }
  return byId;
}

/** Id of the request that an attempt sent; null: it got no connection. */
export function idOf({ connection, ordinal }: RecordedAttempt): string | null {
  return connection === null ? null : messageId(connection, ordinal, "request");
}

/** A breach that one message shows. */
export function violateAt(
  findings: Findings,
  { id, seen }: { readonly id: string | null; readonly seen: Seen },
  what: string,
  rest: {
    readonly processes: readonly string[];
    readonly expected: string;
    readonly found: string;
  },
): void {
  const { exchange, startWallMs } = seen;
  const { service, servicePort, backend, backendPort } = exchange;
  const about = backend === null ? `${service}:${servicePort}` : `${backend}:${backendPort}`;
  const messages = id === null ? [] : [id];
  findings.violate({ what, messages, about, ...rest, atWallMs: startWallMs });
}
