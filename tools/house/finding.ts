/** A departure from the plan. */
export interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly message: string;
}
