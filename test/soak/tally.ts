/** What one kind of traffic came to. */
export interface KindTally {
  done: number;
  /** Octets that came back and were right. */
  octets: number;
  /** Errors that a client saw, by their words. */
  readonly errors: Map<string, number>;
  wrongBytes: number;
  /** Pieces that came to no end, neither good nor bad. */
  stuck: number;
}

/** What all traffic came to; `isStopping` tells workers to come to their end. */
export class Tally {
  isStopping = false;
  readonly kinds = new Map<string, KindTally>();

  of(kind: string): KindTally {
    let tally = this.kinds.get(kind);
    if (tally === undefined) {
      tally = { done: 0, octets: 0, errors: new Map(), wrongBytes: 0, stuck: 0 };
      this.kinds.set(kind, tally);
    }
    return tally;
  }

  get wrongBytes(): number {
    return [...this.kinds.values()].reduce((sum, { wrongBytes }) => sum + wrongBytes, 0);
  }
  get stuck(): number {
    return [...this.kinds.values()].reduce((sum, { stuck }) => sum + stuck, 0);
  }
}

/** Nothing moved any more. */
export class Stuck extends Error {}

/** An octet that was not the one that had been sent. */
export class WrongByte extends Error {}
