/** What a scenario found: did the promise hold, and the figures to tell. */
export interface Outcome {
  readonly holds: boolean;
  readonly figures: Readonly<Record<string, string | number>>;
}
