import type { RecordedBatch } from "../history/batch.ts";
import type { ContractDoc } from "../model/document.ts";
import type { Hops, Recorded } from "./pair-hops.ts";

/**
 * Who asked. A caller is a workload; behind a gateway each connection is one, unless a field that the Contract names tells
 * callers apart. Whoever cannot be told from others is a caller of one operation: nothing is promised across them.
 */
export class CallerNames {
  readonly #field: string | null;
  readonly #gateways: ReadonlySet<string>;
  /** Who has had a name, which is used again and again: the second is another caller. */
  readonly #bearers = new Map<string, string[]>();

  constructor(contract: ContractDoc, batches: readonly RecordedBatch[]) {
    this.#field = contract.callerField;
    const ofGateways = batches.filter(({ exchanges }) =>
      exchanges.some(({ direction }) => direction === "gateway"),
    );
    this.#gateways = new Set(ofGateways.map(({ workload }) => workload.name));
  }

  nameOf({ caller, inbound }: Hops): string {
    const one = caller ?? inbound[0]!;
    const { front, direction, id } = one.exchange;
    if (this.#field !== null && front.callerField !== null) return front.callerField;
    if (direction === "outbound") return this.#numbered(one.workload.name, one.workload.uid);
    if (direction === "gateway") return this.#connection(one);
    if (front.caller !== null && !this.#gateways.has(front.caller)) return front.caller;
    return `${front.caller ?? "?"} ${one.workload.name}:${id}`;
  }

  #connection({ workload, life, exchange: { front } }: Recorded): string {
    return this.#numbered(`${workload.name} ${front.source}`, `${life} ${front.connection}`);
  }

  #numbered(name: string, bearer: string): string {
    let known = this.#bearers.get(name);
    if (known === undefined) this.#bearers.set(name, (known = []));
    if (!known.includes(bearer)) known.push(bearer);
    const place = known.indexOf(bearer);
    return place === 0 ? name : `${name} (${place + 1})`;
  }
}
