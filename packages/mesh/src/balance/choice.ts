import type { Rng } from "../base/rng.ts";
import type { PickerName } from "../model/policy.ts";
import { mixHash } from "./hash-mix.ts";
import { buildPicker } from "./index.ts";
import type { Candidate, Picker } from "./picker.ts";
import type { Group } from "./share-out.ts";

export interface ChoiceOptions {
  readonly picker: PickerName;
  /** Of pickers that hash; 0: by the number of candidates. */
  readonly tableSize: number;
  readonly rng: Rng;
}

/** A picker for each group, and the choice among groups by their shares. One group, the usual case, costs nothing more. */
export class Choice<C extends Candidate> {
  readonly count: number;
  readonly #parts: readonly Part<C>[];
  readonly #rng: Rng;
  readonly #name: string;

  /**
   * @param before what it takes the place of: pickers of groups whose candidates are the same go on as they are, so that turns
   *   are not lost and tables not made again
   */
  constructor(groups: readonly Group<C>[], options: ChoiceOptions, before: Choice<C> | null) {
    this.#rng = options.rng;
    this.#name = `${options.picker} ${options.tableSize}`;
    const known = before !== null && before.#name === this.#name ? before.#parts : [];
    let upTo = 0;
    let count = 0;
    this.#parts = groups.map(({ members, share }, index) => {
      upTo += share;
      count += members.length;
      const same = known.find((part) => isSame(part.members, members));
      const picker =
        same?.picker ??
        buildPicker(
          options.picker,
          members,
          options.rng,
          options.tableSize,
          known[index]?.picker ?? null,
        );
      return { members: same?.members ?? members, picker, upTo };
    });
    this.count = count;
  }

  pick(nowMs: number, avoid: C | null, hash: number): C | null {
    const parts = this.#parts;
    if (parts.length === 1) return parts[0]!.picker.pick(nowMs, avoid, hash);
    if (parts.length === 0) return null;
    const drawn = hash < 0 ? this.#rng.float() : mixHash(hash, parts.length) / 0x1_0000_0000;
    let index = 0;
    while (index < parts.length - 1 && drawn >= parts[index]!.upTo) index++;
    const picked = parts[index]!.picker.pick(nowMs, avoid, hash);
    if (picked !== avoid || avoid === null) return picked;
    const other = parts[index === 0 ? 1 : 0]!;
    return other.picker.pick(nowMs, avoid, hash);
  }

  has(candidate: C): boolean {
    for (const { members } of this.#parts) if (members.includes(candidate)) return true;
    return false;
  }
}

interface Part<C extends Candidate> {
  readonly members: readonly C[];
  readonly picker: Picker<C>;
  /** Shares up to and with its own. */
  readonly upTo: number;
}

function isSame<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
