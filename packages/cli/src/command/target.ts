import { findKindsByWord, kinds } from "@heddle/mesh/resource/index.ts";
import type { Kind } from "@heddle/mesh/resource/kind.ts";
import { exits, Fault } from "../render/fault.ts";

/** A kind, and names of it; without names all are meant. */
export interface Target {
  readonly kind: Kind;
  readonly names: readonly string[];
}

/**
 * What words like `services`, `svc/kvs` or `service kvs recommendation` mean.
 * @throws Fault for a kind that does not exist.
 */
export function parseTargets(words: readonly string[]): readonly Target[] {
  const [first = "", ...rest] = words;
  if (!first.includes("/")) {
    return first.split(",").map((word) => ({ kind: kindOf(word), names: rest }));
  }
  return words.map((word) => {
    const [kind = "", name = ""] = word.split("/");
    if (name === "") throw new Fault(exits.usage, `"${word}": expected <kind>/<name>`);
    return { kind: kindOf(kind), names: [name] };
  });
}

/** The kind that a word means. @throws Fault for one that does not exist, and for a word that means two */
export function kindOf(word: string): Kind {
  const [kind, ...others] = findKindsByWord(word);
  if (kind === undefined) {
    const known = kinds.map((each) => each.plural).join(", ");
    throw new Fault(exits.usage, `no kind of resource is called "${word}"; there are ${known}`);
  }
  if (others.length === 0) return kind;
  const names = [kind, ...others].map(({ plural, group }) => `${plural}.${group}`);
  throw new Fault(exits.usage, `"${word}" means more than one kind: write ${names.join(" or ")}`);
}
