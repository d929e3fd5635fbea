import type { Rng } from "../base/rng.ts";
import { axiomCases } from "./check-definition.ts";
import { applyModel, type Definition, type OperationSignature } from "./definition.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Value } from "./operation.ts";
import { formatValue } from "./recorded-value.ts";
import { sortInfo } from "./sort.ts";

interface Step {
  readonly signature: OperationSignature;
  readonly args: readonly Value[];
  readonly key: Value;
}

/**
 * Are keys apart? All is judged key by key, so what is done to one key may not change what another gives: a transfer from one
 * account to another does, and would make of a right bank a wrong one. Tried as axioms are: histories of three keys, against
 * those of each key alone.
 *
 * @returns what is wrong, as a sentence; null: nothing was found, or there is no key.
 */
export function checkKey(definition: Definition, key: string | null, rng: Rng): string | null {
  if (key === null) return null;
  const { signatures, model } = definition;
  const sort = signatures[0]?.takes.find(({ name }) => name === key)?.sort;
  if (sort === undefined) return null;
  for (let round = 0; round < axiomCases; round++) {
    const keys = drawKeys(rng, sort);
    const steps = Array.from({ length: 2 + Math.floor(round / 20) }, () =>
      drawStep(signatures[rng.below(signatures.length)]!, { key, sort, keys }, rng),
    );
    let state = model.empty;
    for (const [at, { signature, args, key: own }] of steps.entries()) {
      const before = steps.slice(0, at).filter((step) => step.key === own);
      const alone = before.reduce(
        (made, step) => applyModel(definition, step.signature, made, step.args).state,
        model.empty,
      );
      const made = applyModel(definition, signature, state, args);
      const one = applyModel(definition, signature, alone, args).result;
      if (fingerprint(made.result) !== fingerprint(one)) {
        const all = steps
          .slice(0, at + 1)
          .map(formatStep)
          .join(", ");
        return `its keys are not apart: ${all} gives ${formatValue(made.result)}, and ${formatValue(one)} if only ${key} = ${formatValue(own)} is looked at`;
      }
      state = made.state;
    }
  }
  return null;
}

function drawKeys(rng: Rng, sort: string): readonly Value[] {
  return Array.from({ length: 3 }, () => sortInfo(sort).draw(rng));
}

/** Others of its sort are one of the keys, too, in half of the cases. */
function drawStep(
  signature: OperationSignature,
  { key, sort, keys }: { key: string; sort: string; keys: readonly Value[] },
  rng: Rng,
): Step {
  const own = keys[rng.below(keys.length)]!;
  const args = signature.takes.map((taken) => {
    if (taken.name === key) return own;
    const isLikeKey = taken.sort === sort && rng.below(2) === 0;
    return isLikeKey ? keys[rng.below(keys.length)]! : sortInfo(taken.sort).draw(rng);
  });
  return { signature, args, key: own };
}

function formatStep({ signature, args }: Step): string {
  return [signature.name, ...args.map(formatValue)].join(" ");
}
