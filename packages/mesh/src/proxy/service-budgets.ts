import type { BudgetDoc } from "../model/policy.ts";
import type { ServiceKey } from "../model/service-key.ts";
import { RetryBudget } from "../policy/budget.ts";

/** One budget of retries for each service that this workload calls. It is made anew only where its numbers change. */
export class ServiceBudgets {
  readonly #known = new Map<ServiceKey, { readonly text: string; readonly budget: RetryBudget }>();

  keys(): Iterable<ServiceKey> {
    return this.#known.keys();
  }

  of(service: ServiceKey): RetryBudget {
    return this.#known.get(service)?.budget ?? this.apply(service, null);
  }

  /** @param doc null: as where nothing is said */
  apply(service: ServiceKey, doc: BudgetDoc | null): RetryBudget {
    const text = JSON.stringify(doc);
    const known = this.#known.get(service);
    if (known?.text === text) return known.budget;
    const budget =
      doc === null
        ? new RetryBudget()
        : new RetryBudget({
            ratio: doc.ratio,
            perSecondMin: doc.perSecondMin,
            ttlMs: doc.windowMs,
          });
    this.#known.set(service, { text, budget });
    return budget;
  }

  delete(service: ServiceKey): void {
    this.#known.delete(service);
  }
}
