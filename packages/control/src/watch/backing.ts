import type { ServiceKey } from "@heddle/mesh/model/service-key.ts";
import type { MeshIndex } from "@heddle/mesh/resource/compile/mesh-index.ts";
import { selects, type WorkloadView } from "@heddle/mesh/resource/compile/workload-view.ts";
import type { Service } from "@heddle/mesh/resource/core/service.ts";

/** What a workload is selected by. */
type Labelled = Pick<WorkloadView, "namespace" | "labels">;

/** Which services a workload backs: looked up again only when a Service, or the workload's labels, are another object. */
export class Backing {
  readonly #index: MeshIndex;
  #services: readonly Service[] = [];
  #known = new WeakMap<Labelled["labels"], readonly ServiceKey[]>();

  constructor(index: MeshIndex) {
    this.#index = index;
  }

  servicesOf(view: Labelled): readonly ServiceKey[] {
    this.#look();
    // Labels belong to one workload, and a workload to one namespace.
    let keys = this.#known.get(view.labels);
    if (keys === undefined) {
      keys = [...this.#index.inputs.services].flatMap(([key, service]) =>
        selects(service, view) ? key : [],
      );
      this.#known.set(view.labels, keys);
    }
    return keys;
  }

  #look(): void {
    const { services } = this.#index.inputs;
    let at = 0;
    let isSame = services.size === this.#services.length;
    if (isSame)
      for (const service of services.values()) isSame &&= service === this.#services[at++];
    if (isSame) return;
    this.#services = [...services.values()];
    this.#known = new WeakMap();
  }
}
