/** What may go wrong on one link, at which rate. Probabilities are 0 to 1. */
export interface LinkFaults {
  /** One-way delay of anything that travels, drawn evenly between the two, in ms. */
  readonly delayMs: readonly [number, number];
  /** Per dial: nobody answers though somebody listens. */
  readonly refuse: number;
  /** Per delivery: the connection breaks instead; both ends see a reset. */
  readonly reset: number;
  /** Per delivery: only a part arrives now, of any length. */
  readonly split: number;
  /** Per write: the kernel takes only a part though it has room, so that the writer hears `queued`. */
  readonly queue: number;
  /** Per delivery: it comes `stallMs` later, as from a slow peer. */
  readonly stall: number;
  readonly stallMs: number;
  /** Nothing arrives and no dial is answered until it is mended. */
  readonly isCut: boolean;
}

/** A link that only delays: half a millisecond to two. */
export const calm: LinkFaults = {
  delayMs: [0.5, 2],
  refuse: 0,
  reset: 0,
  split: 0,
  queue: 0,
  stall: 0,
  stallMs: 0,
  isCut: false,
};

/** Everything that hurts without losing a connection: what the wire tests and most simulations run under. */
export const rough: LinkFaults = {
  ...calm,
  delayMs: [0, 5],
  split: 0.5,
  queue: 0.3,
  stall: 0.05,
  stallMs: 50,
};

export type Fault = "refuse" | "reset" | "split" | "queue" | "stall" | "cut" | "kill" | "freeze";

/** How often each fault struck: a run in which one never did has not tried it. */
export type FaultCounts = { -readonly [Each in Fault]: number };

export function noFaults(): FaultCounts {
  return { refuse: 0, reset: 0, split: 0, queue: 0, stall: 0, cut: 0, kill: 0, freeze: 0 };
}
