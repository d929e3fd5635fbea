import type { RequestHead } from "../model/head.ts";
import type { SubsetDoc } from "../model/policy.ts";

/** What endpoints say of themselves. */
export type EndpointLabels = Readonly<Record<string, string>>;

/**
 * Which endpoints may answer, by their labels (Envoy `lb_subset_config`). A label whose value a header says, in a request without that
 * header, is not asked for.
 */
export class Subset {
  readonly fallback: SubsetDoc["fallback"];
  readonly #labels: SubsetDoc["labels"];
  readonly #fixed: SubsetKey | null;

  constructor(doc: SubsetDoc) {
    this.fallback = doc.fallback;
    this.#labels = doc.labels;
    const isFixed = doc.labels.every(({ is }) => "value" in is);
    this.#fixed = isFixed ? doc.labels.map(({ is }) => ("value" in is ? is.value : null)) : null;
  }

  /** The values that the request asks for, in the order of the labels; null: not asked for. */
  keyOf(head: RequestHead): SubsetKey {
    if (this.#fixed !== null) return this.#fixed;
    return this.#labels.map(({ is }) => ("value" in is ? is.value : head.get(is.header)));
  }

  /** Is each value that is asked for one that some endpoint has? */
  isAnyOf(key: SubsetKey, valuesOf: (label: string) => ReadonlySet<string>): boolean {
    return this.#labels.every(({ label }, index) => {
      const value = key[index];
      return value === null || value === undefined || valuesOf(label).has(value);
    });
  }

  has(key: SubsetKey, labels: EndpointLabels): boolean {
    return this.#labels.every(
      ({ label }, index) => key[index] === null || labels[label] === key[index],
    );
  }
}

export type SubsetKey = readonly (string | null)[];
