import type { RecordedOperation, RecordedValue } from "../history/exchange.ts";
import type { ContractDoc, OperationDoc, ValueType } from "../model/document.ts";
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
  of(
    read: RecordedOperation,
    { takes, path, query, fields, body }: OperationDoc,
  ): readonly Value[] {
    const types = new Map<string, ValueType>();
    for (const part of [...path, ...query, ...fields]) {
      if ("parameter" in part) types.set(part.parameter, part.type);
    }
    return takes.map((name) => {
      if (name === body?.parameter) {
        return readValue(read.requestBody ?? { missing: "not-whole" }, body.type) ?? null;
      }
      const type = types.get(name) ?? "opaque";
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
