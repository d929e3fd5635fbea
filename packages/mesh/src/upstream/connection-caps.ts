import type { CapsDoc } from "../model/policy.ts";

/** A target, as far as caps count. */
interface Counted {
  /** Connections open or being opened. */
  readonly size: number;
  /** Requests that wait for one. */
  readonly waitingCount: number;
}

/**
 * How many connections a service port's callers here may have, and how many requests may wait for one, over all its endpoints (Envoy
 * `circuit_breakers`). It counts by looking, and only where a cap is set. Each endpoint may have one connection in any case, so that none
 * waits for another's to close.
 */
export class ConnectionCaps {
  readonly #doc: CapsDoc;
  readonly #targets: readonly Counted[];

  constructor(doc: CapsDoc, targets: readonly Counted[]) {
    this.#doc = doc;
    this.#targets = targets;
  }

  /** May another connection be opened, where `own` are there? */
  mayDial(own: number): boolean {
    const { connectionsMax } = this.#doc;
    if (connectionsMax === undefined || own === 0) return true;
    return count(this.#targets, connectionsMax, "size");
  }

  /** May another request wait for a connection? */
  mayWait(): boolean {
    const { pendingMax } = this.#doc;
    return pendingMax === undefined || count(this.#targets, pendingMax, "waitingCount");
  }
}

/** Are there fewer than `most`? */
function count(targets: readonly Counted[], most: number, what: keyof Counted): boolean {
  let sum = 0;
  for (const target of targets) {
    sum += target[what];
    if (sum >= most) return false;
  }
  return sum < most;
}
