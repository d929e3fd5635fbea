import type { Operation, Value } from "./operation.ts";

export type Consistency = "caller" | "monotonic-reads" | "read-your-writes" | "linearizable";

export type VerdictWord = "holds" | "violated" | "undecided";

/** What a check of a Contract came to: `heddle verify <service> -o json`. */
export interface Verdict {
  readonly verdict: VerdictWord;
  readonly contract: string;
  readonly service: string;
  readonly consistency: Consistency;
  readonly operations: number;
  readonly keys: number;
  readonly callers: number;
  /** Of the operations judged: wall ms. */
  readonly window: { readonly fromWallMs: number; readonly toWallMs: number };
  /** Operations recorded by the caller itself, and by the proxy beside it. */
  readonly observed: number;
  readonly inferred: number;
  /** Operations that may have happened, that the process refused, that a proxy answered in its place. */
  readonly unknown: number;
  readonly refused: number;
  readonly absent: number;
  readonly violatedKeys: readonly string[];
  readonly undecidedKeys: readonly string[];
  /** What the verdict rests on, in words. */
  readonly assumptions: readonly string[];
  readonly counterexample?: Counterexample;
}

/** The smallest history that breaks the contract. */
export interface Counterexample {
  readonly key: string;
  readonly caller: string | null;
  readonly operations: readonly Operation[];
  /** Of how many it was found. */
  readonly from: number;
  /** Null where the contract says `""` and so on of no single operation. */
  readonly expected: { readonly operation: number; readonly value: Value | undefined } | null;
  /**
   * Updates of the key, not shown, that began before the last of these ended: whichever of them happened, it breaks the
   * contract. Where they matter to no answer, as to a register's, and where it is absent: none.
   */
  readonly others?: number;
  /** The axiom that it breaks, as written: `get (put (empty) k v) k → v`; null: none alone. */
  readonly axiom: string | null;
}
