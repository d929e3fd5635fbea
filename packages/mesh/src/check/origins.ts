import { parseSpiffeId } from "../model/identity.ts";
import { type Evidence, settleMs } from "./evidence.ts";
import { HealthChecks } from "./health-checks.ts";
import { namespaceOfKey } from "./members.ts";
import { type Received, type Sent, violateAt } from "./messages.ts";
import type { Life, Seen } from "./records.ts";
import type { Findings } from "./report.ts";

/** No message comes from nothing (H5): what came was sent, unless something explains that no record tells of it. */
export class Origins {
  readonly #lives: readonly Life[];
  readonly #findings: Findings;
  readonly #patienceMs: number;
  readonly #completeFromWallMs: number;
  readonly #checks: HealthChecks;

  constructor(evidence: Evidence, lives: readonly Life[], findings: Findings) {
    this.#lives = lives;
    this.#findings = findings;
    this.#patienceMs = evidence.settleMs ?? settleMs;
    this.#completeFromWallMs = evidence.completeFromWallMs ?? Number.NEGATIVE_INFINITY;
    this.#checks = new HealthChecks(evidence);
  }

  /** A request that was received, and nobody has a record of sending it. */
  judgeRequest(recv: Received): void {
    const { front, seen } = recv;
    const namespace = front.peer === null ? null : parseSpiffeId(front.peer)?.namespace;
    const caller = front.caller === null || !namespace ? null : `${namespace}/${front.caller}`;
    const of = this.#lives.filter(({ workload }) => workload === caller);
    const isCheck = this.#checks.has(seen);
    const why = isCheck ? "a check of health: who asks keeps no record of it" : this.#why(of, seen);
    if (why !== null) {
      this.#findings.skip(why);
      return;
    }
    violateAt(this.#findings, recv, `${seen.of.workload} received what nobody sent`, {
      processes: [caller!, seen.of.workload],
      expected: `Send•M at ${caller}/proxy`,
      found: "no record of it, and no gap that explains it",
    });
  }

  /** A request that was sent, and nobody has a record of receiving it: its reply, if one came, was given by somebody. */
  judgeReply(send: Sent): void {
    const { attempt, seen } = send;
    if (attempt.replySeq === 0) {
      this.#findings.skip("lost or refused: nobody received it");
      return;
    }
    const of = this.#lives.filter(({ uid }) => uid === attempt.endpointUid);
    const why = this.#why(of, seen);
    if (why !== null) {
      this.#findings.skip(why);
      return;
    }
    const workload = `${namespaceOfKey(seen.exchange.backend!)}/${attempt.endpoint}`;
    violateAt(this.#findings, send, `${seen.of.workload} received a reply that nobody gave`, {
      processes: [workload, seen.of.workload],
      expected: `Send•M at ${workload}/proxy`,
      found: "no record of it, and no gap that explains it",
    });
  }

  /** Why the other end, `of`, may have no record of what `seen` tells; null: it must have one. */
  #why(of: readonly Life[], seen: Seen): string | null {
    if (seen.startWallMs < this.#completeFromWallMs) return "it is older than what is kept";
    const { startMs, endMs } = seen.exchange;
    const alive = of.filter(({ boot }) => boot === seen.of.boot);
    if (alive.length === 0) return "the other end is not recorded";
    const batches = alive.flatMap((life) => life.batches);
    const gaps = batches.flatMap(({ gaps }) => gaps);
    if (gaps.some(({ fromMs, toMs }) => fromMs <= endMs && toMs >= startMs))
      return "a gap explains it";
    // The life that was then: the last one that had begun.
    const [life] = alive
      .filter((one) => sinceMs(one) <= endMs)
      .sort((a, b) => sinceMs(b) - sinceMs(a));
    if (life === undefined) return "the other end is not recorded from so early";
    if (sinceMs(life) > startMs) return "the other end's proxy was started meanwhile";
    if (life.batches.some(({ sampledShare }) => sampledShare < 1)) return "the record is sampled";
    return life.lastMs < endMs + this.#patienceMs ? "the other end's record is not here yet" : null;
  }
}

function sinceMs(life: Life): number {
  return life.batches[0]!.sinceMs; // the same in all of them
}
