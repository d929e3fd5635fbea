import type { RequestHead } from "../model/head.ts";
import type { AdmissionDoc, ConcurrencyDoc, HealthCheckDoc } from "../model/policy.ts";
import type { Reason } from "../model/reason.ts";
import type { Admission, AdmissionCaller, AdmissionRefusal } from "./admission.ts";
import { ConcurrencyLimit } from "./concurrency-limit.ts";
import { RateLimits, type RateTally } from "./rate-limits.ts";
import { isOfRoute } from "./rule-name.ts";

/** What an admission acts on. */
export interface AdmissionInputs {
  readonly doc: AdmissionDoc;
  /** Processes of the service that take requests, this one included. */
  readonly replicas: number;
  /** How callers ask for its health: never refused, else a busy process would be taken for a sick one. */
  readonly health: HealthCheckDoc | null;
}

/**
 * What one service takes in at one of its processes, all of its ports together: rates first, which are refused for good, then
 * concurrency, which another process may have. Tokens are taken once both have let a request in. Lives as long as the service is here.
 */
export class ServiceAdmission implements Admission {
  readonly #rates: RateLimits;
  #concurrency: ConcurrencyLimit | null = null;
  /** Of `#concurrency`, for its priorities. */
  #limitDoc: ConcurrencyDoc | null = null;
  #health: HealthCheckDoc["check"] | null = null;

  constructor(tally: RateTally) {
    this.#rates = new RateLimits(tally);
  }

  /** As many as are let in at a time now; null: no limit. */
  get limit(): number | null {
    return this.#concurrency?.limit ?? null;
  }

  get inFlight(): number {
    return this.#concurrency?.inFlight ?? 0;
  }

  apply({ doc, replicas, health }: AdmissionInputs, nowMs: number): void {
    this.#rates.apply(doc.rates, Math.max(1, replicas), nowMs);
    this.#health = health?.check ?? null;
    this.#limitDoc = doc.concurrency;
    if (doc.concurrency === null) this.#concurrency = null;
    else if (this.#concurrency === null) this.#concurrency = new ConcurrencyLimit(doc.concurrency);
    else this.#concurrency.apply(doc.concurrency);
  }

  enter(
    head: RequestHead,
    caller: AdmissionCaller,
    rule: string | null,
    nowMs: number,
  ): AdmissionRefusal | null {
    const isExempt = this.#health !== null && isHealthCheck(head, this.#health);
    if (!isExempt) {
      const refused = this.#rates.check(head, caller, rule, nowMs);
      if (refused !== null) return refused;
    }
    if (this.#concurrency !== null) {
      const believed = caller.identity === null ? null : rule;
      const priority = priorityOf(head, believed, this.#limitDoc!);
      if (!this.#concurrency.enter(priority, isExempt, nowMs)) {
        return shed(this.#concurrency.limit, priority);
      }
    }
    if (!isExempt) this.#rates.take(head, caller, rule, nowMs);
    return null;
  }

  onEnd(latencyMs: number, reason: Reason | null): void {
    if (this.#concurrency === null) return;
    const isWhole = reason === null;
    const says = isWhole || waited.has(reason);
    this.#concurrency.onEnd(says ? latencyMs : -1, isWhole);
  }
}

/** The process had the request, and somebody would not wait any longer. */
const waited: ReadonlySet<Reason> = new Set(["request-timeout", "deadline-passed", "client-gone"]);

/** What the request says, where a field may, else what is said of its rule, its route, all. */
function priorityOf(
  head: RequestHead,
  rule: string | null,
  { priority, priorityHeader, priorities }: ConcurrencyDoc,
): number {
  const said = priorityHeader === null ? null : head.get(priorityHeader);
  if (said !== null && said.length === 1) {
    const digit = said.charCodeAt(0) - 0x30;
    if (digit >= 0 && digit <= 9) return digit;
  }
  if (rule === null || priorities.length === 0) return priority;
  return priorities.find(({ route }) => isOfRoute(rule, route))?.priority ?? priority;
}

/** Another endpoint may have room, and the caller's proxy knows when to come again: nothing is said of that. */
function shed(limit: number, priority: number): AdmissionRefusal {
  const detail = `as many as the process can take are under way (limit ${limit}, priority ${priority})`;
  return { reason: "shed", detail, fields: [] };
}

function isHealthCheck(head: RequestHead, check: HealthCheckDoc["check"]): boolean {
  if (check.protocol === "http") return head.path === check.path && head.method === "GET";
  return check.protocol === "grpc" && head.path === "/grpc.health.v1.Health/Check";
}
