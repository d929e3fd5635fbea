import type { ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";

/**
 * Holds the names that proxies give to messages against each other: what a proxy received under a name, its peer has sent
 * under it, for the same operation; and no two operations share one.
 */
export class MessageNames {
  readonly #violate: (what: string) => void;
  /** The operation of a message that a proxy has sent to a peer's, or received. */
  readonly #sent = new Map<string, number>();
  readonly #received = new Map<string, number>();
  /** Operations whose sender lived to tell of them, and whom it asked: a copy of one is told of apart. */
  readonly #told = new Set<string>();
  /** By name: the service of which it was received. */
  readonly #services = new Map<string, string>();

  constructor(violate: (what: string) => void) {
    this.#violate = violate;
  }

  recorded(id: number, record: ExchangeRecord, process: string): void {
    if (id < 0) return;
    if (record.direction === "inbound") {
      const name = `${record.frontConnection}[${record.frontOrdinal}]`;
      this.#services.set(name, record.service);
      this.#note(this.#received, name, id, process);
      return;
    }
    this.#told.add(`${id} ${record.backend}`);
    for (const { connection, ordinal, sentSeq } of record.earlier ?? []) {
      if (sentSeq > 0) this.#note(this.#sent, `${connection}[${ordinal}]`, id, process);
    }
    if (record.sentSeq > 0) {
      this.#note(this.#sent, `${record.connection}[${record.ordinal}]`, id, process);
    }
  }

  /** How many were named by both. */
  compare(): number {
    let compared = 0;
    for (const [name, id] of this.#received) {
      if (!this.#told.has(`${id} ${this.#services.get(name)}`)) continue;
      compared++;
      const sent = this.#sent.get(name);
      if (sent === id) continue;
      this.#violate(`op ${id}: received as ${name}, which its sender calls op ${sent}`);
    }
    return compared;
  }

  #note(names: Map<string, number>, name: string, id: number, process: string): void {
    const other = names.get(name);
    if (other !== undefined) this.#violate(`ops ${other} and ${id}: both ${name} at ${process}`);
    names.set(name, id);
  }
}
