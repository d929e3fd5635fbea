import { type ContractReader, compileContractReader } from "../contract/reader.ts";
import type { ContractDoc } from "../model/document.ts";

/** Compiled Contracts; each once for as long as its document is there, whatever else of the service changes. */
export class ContractReaders {
  readonly #readers = new WeakMap<ContractDoc, ContractReader>();

  /** Null where there is no Contract. */
  of(contract: ContractDoc | null): ContractReader | null {
    if (contract === null) return null;
    let reader = this.#readers.get(contract);
    if (reader === undefined) {
      reader = compileContractReader(contract);
      this.#readers.set(contract, reader);
    }
    return reader;
  }
}
