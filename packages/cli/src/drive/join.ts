import type { Operation } from "@heddle/mesh/contract/operation.ts";
import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import type { RecordedExchange } from "@heddle/mesh/history/exchange.ts";
import type { DrivenOperation } from "./driver.ts";
import { proxyOutcome } from "./outcome.ts";

/** What the mesh's own records say of operations that their callers recorded, too. */
export interface Joined {
  /** As judged: the callers' own histories, with who answered. */
  readonly operations: readonly Operation[];
  /** Exchanges that callers saw and the mesh has no whole record of, on either side. */
  readonly missing: number;
  /** Keys that somebody else changed meanwhile: what our callers saw of them says nothing of the service. */
  readonly foreignKeys: ReadonlySet<string>;
}

/** What is remembered of the record of the caller's proxy. */
interface Outbound {
  /** `<connection>.<ordinal>` of the last attempt; null: no connection came about. */
  readonly hop: string | null;
  readonly endpoint: string | null;
  readonly origin: RecordedExchange["origin"];
  readonly status: number;
  readonly reason: RecordedExchange["reason"];
}

/**
 * Finds the records of each driven operation: of the caller's proxy by the connection on which it asked, and from there of
 * the proxy that the request went on to. Keeps no more of a record than it needs.
 */
export class RecordJoin {
  /** By the exchange as callers name it; null: no record yet. */
  readonly #outbound = new Map<string, Outbound | null>();
  /** Workloads that were asked, by hop. */
  readonly #inbound = new Map<string, string>();
  readonly #foreign = new Set<string>();
  readonly #driven: readonly DrivenOperation[];
  readonly #name: string;
  readonly #keys: ReadonlySet<string>;
  readonly #changing: ReadonlySet<string>;
  /** When we first asked for anything; monotonic ms. */
  readonly #fromMs: number;

  /** @param changing names of operations that change the state; @param name of the workload that the callers are */
  constructor(driven: readonly DrivenOperation[], name: string, changing: readonly string[]) {
    this.#driven = driven;
    this.#name = name;
    this.#changing = new Set(changing);
    this.#keys = new Set(driven.map(({ operation }) => operation.key));
    this.#fromMs = driven.reduce(
      (min, { operation }) => Math.min(min, operation.startMs),
      Infinity,
    );
    for (const { exchange } of driven) if (exchange !== null) this.#outbound.set(exchange, null);
  }

  add({ workload, exchanges }: RecordedBatch): void {
    for (const exchange of exchanges) {
      const { direction, front } = exchange;
      const name = `${front.connection}.${front.ordinal}`;
      if (direction === "inbound") {
        this.#inbound.set(name, workload.name);
        this.#lookForOthers(exchange);
      } else if (this.#outbound.has(name)) this.#outbound.set(name, outboundOf(exchange));
    }
  }

  /** How many are not found as they should be. */
  get missing(): number {
    let count = 0;
    for (const outbound of this.#outbound.values()) if (!this.#isWhole(outbound)) count++;
    return count;
  }

  /** Monotonic ms at which the first operation began that is not found; null: all are. */
  get missingSinceMs(): number | null {
    const open = this.#driven.filter(
      ({ exchange }) => exchange !== null && !this.#isWhole(this.#outbound.get(exchange) ?? null),
    );
    return open.length === 0 ? null : Math.min(...open.map(({ operation }) => operation.startMs));
  }

  result(): Joined {
    const operations = this.#driven.map(({ operation, exchange }) => {
      const outbound = exchange === null ? null : (this.#outbound.get(exchange) ?? null);
      return outbound === null ? operation : this.#with(operation, outbound);
    });
    return { operations, missing: this.missing, foreignKeys: this.#foreign };
  }

  #lookForOthers({ operation, front, endMs, origin, reason }: RecordedExchange): void {
    if (operation === null || front.caller === this.#name) return;
    // What the process has answered before we began is part of what we found; what it has not may happen yet.
    if (endMs < this.#fromMs && origin === "app" && reason === null) return;
    const isChange = this.#changing.has(operation.name);
    if (isChange && this.#keys.has(operation.key)) this.#foreign.add(operation.key);
  }

  /** Where the process answered its own proxy recorded it, too. */
  #isWhole(outbound: Outbound | null): boolean {
    if (outbound === null) return false;
    if (outbound.origin === "proxy" || outbound.reason !== null) return true;
    return outbound.hop !== null && this.#inbound.has(outbound.hop);
  }

  #with(operation: Operation, { hop, endpoint, origin, status, reason }: Outbound): Operation {
    const answeredBy = (hop === null ? undefined : this.#inbound.get(hop)) ?? endpoint;
    // That a proxy answered in the process's place only the mesh's record proves, and that it did not.
    const isProxys = origin === "proxy" && reason !== null && operation.outcome.kind !== "unknown";
    if (!isProxys) return { ...operation, answeredBy };
    const outcome = proxyOutcome(status, reason);
    const endMs = outcome.kind === "unknown" ? Number.POSITIVE_INFINITY : operation.endMs;
    return { ...operation, outcome, endMs, answeredBy };
  }
}

function outboundOf({ attempts, origin, status, reason }: RecordedExchange): Outbound {
  const last = attempts.at(-1);
  const connection = last?.connection ?? null;
  return {
    hop: connection === null ? null : `${connection}.${last!.ordinal}`,
    endpoint: last === undefined || last.connection === null ? null : last.endpoint,
    origin,
    status,
    reason,
  };
}
