import type { Rng } from "../base/rng.ts";
import type { BackendPolicyDoc } from "../model/document.ts";
import { P2cPicker } from "./p2c.ts";
import type { Candidate, Picker } from "./picker.ts";
import { RoundRobinPicker } from "./round-robin.ts";

export type PickerName = BackendPolicyDoc["picker"];

type Build = <C extends Candidate>(candidates: readonly C[], rng: Rng) => Picker<C>;

/** All pickers by their name in policies. To add one: its file, a line here, and the contract suite judges it. */
export const pickers: { readonly [Name in PickerName]: Build } = {
  "p2c-ewma": (candidates, rng) => new P2cPicker(candidates, rng),
  "round-robin": (candidates, rng) => new RoundRobinPicker(candidates, rng),
};

/** A picker over `candidates`, which the caller leaves unchanged from then on. */
export function buildPicker<C extends Candidate>(
  name: PickerName,
  candidates: readonly C[],
  rng: Rng,
): Picker<C> {
  return pickers[name](candidates, rng);
}
