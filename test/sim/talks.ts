import type { OctetsEnd } from "./octets-end.ts";

/** How a caller's connection of octets goes through the mesh. */
export interface TalkPlan {
  /** Counts with the operations. */
  readonly id: number;
  readonly way: TalkWay;
  /** Who says the first octet. */
  readonly first: "client" | "server";
  /** On a port of which nothing is remembered: of a server that speaks first, detected. */
  readonly isFresh?: boolean;
  /** Octets that the client says, and the server. */
  readonly clientBytes: number;
  readonly serverBytes: number;
  /** Does the client read slowly, and so the one stream among many that nobody takes from? */
  readonly isSlow: boolean;
  /** Does the client say one octet and then nothing for a while? */
  readonly hesitates: boolean;
  /** The client tears it down after so many ms; null: it does not. */
  readonly abortAfterMs: number | null;
}

/**
 * `detect`, `ruled` (a route could choose the target) and `opaque` are connections to a listener; `connect` goes through
 * the forward proxy; `upgrade` asks over HTTP, on a port that speaks the caller's version or one of its own.
 */
export type TalkWay =
  | { readonly kind: "detect" | "ruled" | "opaque" | "connect" }
  | {
      readonly kind: "upgrade";
      readonly version: "http/1.1" | "h2";
      readonly entry: "detect" | "http1" | "h2c";
      readonly protocol: "websocket" | "echo";
    };

/** Numbers of what servers say; those below are operations. */
const serversFrom = 1_000_000;
/** The longest that a server's first octet may take through two proxies, beside what it takes directly, in ms (issue 4). */
const boundMs = { detect: 50, ruled: 150 } as const;
/** Directly: the dial, and the octet, on a calm network. */
const directMs = 8;

type TalkCheck = "octets of tunnels" | "whole tunnels" | "first octet in time";

/** Both ends of every connection of octets: what the one said the other heard, in order, or both know that it broke. */
export class Talks {
  readonly checks: Record<TalkCheck, number> = {
    "octets of tunnels": 0,
    "whole tunnels": 0,
    "first octet in time": 0,
  };
  readonly endings = new Map<string, number>();
  /** Is nothing injected, so that bounds of time hold? */
  isCalm = false;
  readonly violate: (what: string) => void;
  readonly note: (line: string) => void;
  readonly #plans = new Map<number, TalkPlan>();
  /** Where the octets of a number arrived. */
  readonly #heardBy = new Map<number, string>();
  readonly #ends = new Set<OctetsEnd>();
  #servers = serversFrom;
  #open = 0;

  constructor(violate: (what: string) => void, note: (line: string) => void) {
    this.violate = violate;
    this.note = note;
  }

  /** Of clients: begun and not over. */
  get open(): number {
    return this.#open;
  }

  begin(plan: TalkPlan): void {
    this.#open++;
    this.#plans.set(plan.id, plan);
  }

  planOf(id: number): TalkPlan | null {
    return this.#plans.get(id) ?? null;
  }

  nextServer(): number {
    return ++this.#servers;
  }

  opened(end: OctetsEnd): void {
    this.#ends.add(end);
  }

  /** `end` has read whom it talks with. */
  met(end: OctetsEnd, other: number, answersTo: number): void {
    this.note(`talk ${end.number} met ${other} at ${end.process.name}`);
    if (answersTo !== 0 && answersTo !== end.number) {
      this.violate(`talk ${end.number}: got the octets of ${other}, meant for ${answersTo}`);
    }
    const before = this.#heardBy.get(other);
    if (before !== undefined) {
      this.violate(`talk ${other}: its octets came to ${before} and to ${end.process.name}`);
    }
    this.#heardBy.set(other, end.process.name);
  }

  /** The client has the server's first octet. */
  firstOctet({ id, way, first }: TalkPlan, afterMs: number): void {
    if (!this.isCalm || first !== "server") return;
    if (way.kind !== "detect" && way.kind !== "ruled") return;
    this.checks["first octet in time"]++;
    if (afterMs <= boundMs[way.kind] + directMs) return;
    this.violate(`talk ${id}: ${way.kind}, the server's first octet took ${afterMs.toFixed(1)} ms`);
  }

  /** An end is over. */
  over(end: OctetsEnd, ending: string): void {
    this.#ends.delete(end);
    this.note(`talk ${end.number} over at ${end.process.name}: ${ending}`);
    if (ending === "whole") this.checks["whole tunnels"]++;
  }

  /** For the client a talk is over; not every one had an end: some never came about. */
  ended({ id, way }: TalkPlan, ending: string): void {
    this.#open--;
    const what = `${way.kind} ${ending}`;
    this.note(`talk ${id} ended ${what}`);
    this.endings.set(what, (this.endings.get(what) ?? 0) + 1);
  }

  /** Nothing is asked and everything mended: whoever still waits would wait for ever. */
  expectAllOver(): void {
    for (const end of this.#ends) {
      if (!end.process.isDead) this.violate(`talk ${end.number}: no end at ${end.process.name}`);
    }
    this.#ends.clear();
  }
}
