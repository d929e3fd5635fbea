import { compareAge, namespacedName, type Resource } from "../meta.ts";
import type { Refusal } from "./claims.ts";

export interface Oldest<R> {
  /** Null: there is none. */
  readonly winner: R | null;
  /** `<namespace>/<name>` of the others, and why they do not hold. */
  readonly losers: ReadonlyMap<string, Refusal>;
}

/** Of all resources that say the same thing of one target the oldest holds. @param does `places the requests of` */
export function oldestOf<R extends Resource>(
  resources: readonly R[],
  target: string,
  does: string,
): Oldest<R> {
  const [winner = null, ...others] = [...resources].sort(compareAge);
  if (winner === null) return { winner, losers: new Map() };
  const { kind, metadata } = winner;
  const what = target.includes("/") ? target : `Service ${target}`;
  const message = `${kind} ${metadata.name} is older and ${does} ${what}.`;
  const refusal = { reason: "Conflicted", message };
  return { winner, losers: new Map(others.map((one) => [namespacedName(one), refusal])) };
}
