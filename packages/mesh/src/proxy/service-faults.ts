import type { FaultDoc, ServiceKey, WorkloadDoc } from "../model/document.ts";
import { FaultDraws } from "../policy/fault.ts";

/**
 * The faults that this workload's requests meet, by service. One that is told again in a new document goes on where it
 * was: otherwise each change of the service would strike the same first requests again.
 */
export class ServiceFaults {
  readonly #known = new Map<ServiceKey, { readonly text: string; readonly draws: FaultDraws }>();

  /** Null: none, or not for this caller. */
  of(service: ServiceKey, doc: FaultDoc | null, caller: WorkloadDoc | null): FaultDraws | null {
    const isMeant =
      doc !== null &&
      caller !== null &&
      (doc.callers === null || doc.callers.includes(caller.name));
    if (!isMeant) {
      this.#known.delete(service);
      return null;
    }
    const text = `${caller.uid} ${JSON.stringify(doc)}`;
    let known = this.#known.get(service);
    if (known?.text !== text) {
      known = { text, draws: new FaultDraws(doc, caller.uid) };
      this.#known.set(service, known);
    }
    return known.draws;
  }
}
