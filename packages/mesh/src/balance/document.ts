/** Same key, same process: key → slot by a fixed hash, slot → workload by `EndpointsDoc.slots`. */
export interface PlacementDoc {
  readonly name: string;
  readonly key: PlacementKeyDoc;
  readonly slots: number;
  /** `wait`: up to 2 s, then slot-away. `refuse`: slot-away at once. `move`: the next workload answers. */
  readonly whenAway: "wait" | "refuse" | "move";
}

export interface PlacementKeyDoc {
  readonly from:
    | { readonly kind: "path-segment"; readonly index: number } /** 1 is the first */
    | { readonly kind: "header"; readonly name: string }
    | { readonly kind: "query"; readonly name: string }
    | { readonly kind: "source" } /** the caller's workload uid */
    | { readonly kind: "identity" } /** the caller's SPIFFE ID */;
  readonly type: "integer" | "text";
}

export interface SlotsDoc {
  /** Grows with each new assignment. */
  readonly assignmentEpoch: number;
  /** Workload uids that own slots, away or not. */
  readonly owners: readonly string[];
  /** For each slot an index into `owners`; its length is the slot count. */
  readonly assignment: readonly number[];
}
