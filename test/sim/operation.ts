/** What the caller wants done, once. */
export interface Operation {
  /** Counts up over the run; `x-op` carries it through the mesh. */
  readonly id: number;
  readonly method: "GET" | "PUT" | "POST";
  readonly key: number;
  /** As the caller writes it; several spellings are one key. */
  readonly target: string;
  /** Octets of the body: the pattern of this id. */
  readonly bytes: number;
  readonly isChunked: boolean;
  /** The caller goes away after so many ms; null: it waits for the answer. */
  readonly abortAfterMs: number | null;
}

/** How it ended for the caller. */
export type Ending =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly reason: string | null;
      readonly servedBy: string | null;
    }
  | { readonly kind: "broken"; readonly detail: string } /** the connection to its proxy failed */
  | { readonly kind: "aborted" };
