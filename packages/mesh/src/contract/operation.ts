/** A value of an operation: a parameter, or what it gave. `bigint` where an integer does not fit a number. */
export type Value = string | number | bigint | boolean | null | readonly Value[];

/**
 * One operation of a history on the service level, as a caller saw it. `startMs` to `endMs` holds the moment at which it
 * took effect, if it did.
 */
export interface Operation {
  /** Unique within what is checked; for reports. */
  readonly id: number;
  readonly caller: string;
  readonly key: string;
  readonly name: string;
  readonly args: readonly Value[];
  readonly outcome: Outcome;
  readonly startMs: number;
  /** Infinity: it may take effect at any later time. */
  readonly endMs: number;
  /** Place in the caller's own order. */
  readonly seq: number;
  /** Workload whose process answered, or was asked last; null: none was. */
  readonly answeredBy: string | null;
  /** Recorded at the caller itself, not by the proxy beside it. */
  readonly isObserved: boolean;
}

export type Outcome =
  /** Answered as its definition says; `undefined` where it gives nothing. */
  | { readonly kind: "ok"; readonly result: Value | undefined }
  /** The process refused: it did not happen, and a total operation is violated. */
  | { readonly kind: "refused"; readonly status: number }
  /** A proxy answered and the process never saw it: it did not happen; counts against availability alone. */
  | { readonly kind: "absent"; readonly status: number; readonly reason: string }
  /** Timed out, reset, an unknown status, an unrecorded value: it may have happened, now or ever after. */
  | { readonly kind: "unknown"; readonly detail: string };
