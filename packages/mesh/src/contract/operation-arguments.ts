import type { RecordedOperation, RecordedValue } from "../history/exchange.ts";
import type { ContractDoc, OperationDoc } from "../model/document.ts";
import { parameterTypes } from "../model/operation-parameters.ts";
import type { Value } from "./operation.ts";
import { hashedValue, hashOf, readValue, ValueRecorder } from "./recorded-value.ts";

/**
 * Arguments of recorded operations, in the order of the signature. Where a Contract records opaque values of bodies as
 * hashes, opaque parameters of heads become hashes here, all but the key, so that a model compares like with like.
 */
export class OperationArguments {
  readonly #key: string | null;
  readonly #hashes: ValueRecorder | null;

  constructor(contract: ContractDoc) {
    const isHashed = contract.operations.some(({ body }) => body?.type === "opaque");
    this.#key = contract.key;
    this.#hashes = contract.values === "hashed" && isHashed ? new ValueRecorder(contract) : null;
  }

  /** Null stands for one that was not recorded, or is no value of its sort. */
  of(read: RecordedOperation, definition: OperationDoc): readonly Value[] {
    const types = parameterTypes(definition);
    return definition.takes.map((name) => {
      const type = types.get(name) ?? "opaque";
      if (name === definition.body?.parameter) {
        return readValue(read.requestBody ?? { missing: "not-whole" }, type) ?? null;
      }
      const text = read.parameters[name];
      const recorded: RecordedValue = text === undefined ? { missing: "not-whole" } : { text };
      const value = readValue(recorded, type) ?? null;
      return type === "opaque" && name !== this.#key ? this.#like(value) : value;
    });
  }

  #like(value: Value): Value {
    if (this.#hashes === null || typeof value !== "string") return value;
    if (value === "" || hashOf(value) !== null) return value;
    return hashedValue(this.#hashes.hashText(value));
  }
}
