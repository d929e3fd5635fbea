import type { Rng } from "../base/rng.ts";
import type { PickerName } from "../model/policy.ts";
import { type BuildTable, HashPicker } from "./hash-picker.ts";
import { LeastRequestPicker } from "./least-request.ts";
import { MaglevTable, maglevSize } from "./maglev-table.ts";
import { P2cPicker } from "./p2c.ts";
import type { Candidate, Picker } from "./picker.ts";
import { RandomPicker } from "./random.ts";
import { Ring, ringEntriesEach } from "./ring.ts";
import { RoundRobinPicker } from "./round-robin.ts";

export type { PickerName } from "../model/policy.ts";

type Build = <C extends Candidate>(
  candidates: readonly C[],
  rng: Rng,
  tableSize: number,
  predecessor: Picker<C> | null,
) => Picker<C>;

/** All pickers by their name in policies. To add one: its file, a line here, and the contract suite judges it. */
export const pickers: { readonly [Name in PickerName]: Build } = {
  "p2c-ewma": (candidates, rng) => new P2cPicker(candidates, rng),
  "least-request": (candidates, rng) => new LeastRequestPicker(candidates, rng),
  "round-robin": (candidates, rng) => new RoundRobinPicker(candidates, rng),
  random: (candidates, rng) => new RandomPicker(candidates, rng),
  "ring-hash": (candidates, rng, tableSize, predecessor) => {
    const build: BuildTable<(typeof candidates)[number]> = (of) =>
      new Ring(of, ringEntriesEach(of.length, tableSize));
    return new HashPicker(candidates, rng, build, predecessor);
  },
  maglev: (candidates, rng, tableSize, predecessor) => {
    const build: BuildTable<(typeof candidates)[number]> = (of) =>
      new MaglevTable(of, maglevSize(of.length, tableSize));
    return new HashPicker(candidates, rng, build, predecessor);
  },
};

/**
 * A picker over `candidates`, which the caller leaves unchanged from then on.
 * @param tableSize of pickers that hash; 0, the default: by the number of candidates
 * @param predecessor what it takes the place of, for the same backend: it may go on from there
 */
export function buildPicker<C extends Candidate>(
  name: PickerName,
  candidates: readonly C[],
  rng: Rng,
  tableSize = 0,
  predecessor: Picker<C> | null = null,
): Picker<C> {
  return pickers[name](candidates, rng, tableSize, predecessor);
}
