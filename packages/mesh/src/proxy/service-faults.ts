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
    if (doc === null || !strikes(doc, caller)) {
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

/** Rules whose faults are kept where they were; beyond it all begin anew. */
const rulesMax = 5000;

/** The same of rules, by name; asked for each request that falls under one with a fault. */
export class RuleFaults {
  #faults = new ServiceFaults();
  readonly #known = new Map<
    string,
    { readonly doc: FaultDoc; readonly draws: FaultDraws | null }
  >();

  of(rule: string, doc: FaultDoc, caller: WorkloadDoc | null): FaultDraws | null {
    let known = this.#known.get(rule);
    if (known?.doc !== doc) {
      if (known === undefined && this.#known.size >= rulesMax) {
        this.#known.clear();
        this.#faults = new ServiceFaults();
      }
      known = { doc, draws: this.#faults.of(rule as ServiceKey, doc, caller) };
      this.#known.set(rule, known);
    }
    return known.draws;
  }

  /** The caller is another one now. */
  clear(): void {
    this.#known.clear();
  }
}

/** Is the caller one of those the fault is meant for, by name and by identity? */
function strikes(
  { callers, identities }: FaultDoc,
  caller: WorkloadDoc | null,
): caller is WorkloadDoc {
  if (caller === null || (callers !== null && !callers.includes(caller.name))) return false;
  if (identities === undefined) return true;
  return caller.identity !== null && identities.includes(caller.identity);
}
