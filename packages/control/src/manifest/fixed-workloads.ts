import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import {
  compileAll,
  type MeshInputs,
  socketsOf,
  type WorkloadView,
} from "@heddle/mesh/resource/compile.ts";
import { type Process, workloadName } from "@heddle/mesh/resource/heddle/process.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import { compareText, namespacedName, namespaceOf } from "@heddle/mesh/resource/meta.ts";

/** A workload that is where it is for good. */
export interface FixedWorkload {
  /** Null: it runs a Gateway. */
  readonly process: Process | null;
  readonly view: WorkloadView;
  /** Where each socket of its proxy is bound, by name. */
  readonly sockets: ReadonlyMap<string, Address>;
}

/** Ports given one after the other, leaving out those that somebody asked for by number. */
export class FixedPorts {
  #next: number;
  readonly #taken: ReadonlySet<number>;

  constructor(first: number, resources: readonly KnownResource[]) {
    this.#next = first;
    this.#taken = new Set(
      resources.flatMap((one) => {
        if (one.kind === "Gateway") return one.spec.listeners.map(({ port }) => port);
        if (one.kind === "Process") return (one.spec.ports ?? []).flatMap(({ bind }) => bind ?? []);
        return [];
      }),
    );
  }

  /** @throws RangeError where there are none left, 65535 being the last. */
  take(): number {
    while (this.#taken.has(this.#next)) this.#next++;
    if (this.#next > 65_535) throw new RangeError("the mesh needs more ports than there are");
    return this.#next++;
  }
}

/** Every workload of every Process and Gateway, with its ports, in an order that does not depend on the text's. */
export function fixedWorkloads(
  resources: readonly KnownResource[],
  intent: MeshInputs,
  ports: FixedPorts,
): readonly FixedWorkload[] {
  const gateways = compileAll(intent).gateways;
  const fix = (view: WorkloadView, process: Process | null): FixedWorkload => {
    const gateway = gateways.get(`${view.namespace}/${view.gateway}`) ?? null;
    const requests = socketsOf(view, intent.services.values(), gateway);
    const sockets = requests.map(({ name, host, port }): [string, Address] => [
      name,
      tcp(host, port === 0 ? ports.take() : port),
    ]);
    return { process, view, sockets: new Map(sockets) };
  };
  const processes = resources
    .filter((one): one is Process => one.kind === "Process")
    .sort((a, b) => compareText(namespacedName(a), namespacedName(b)));
  return [
    ...processes.flatMap((process) =>
      Array.from({ length: process.spec.replicas ?? 1 }, (_, ordinal) => {
        const view = viewOf(process.metadata.name, namespaceOf(process), ordinal);
        const listening = (process.spec.ports ?? []).map(({ name, number, bind }) => ({
          name,
          number: number ?? null,
          address: tcp("127.0.0.1", bind ?? ports.take()),
        }));
        const labels = process.metadata.labels ?? {};
        return fix({ ...view, labels, ports: listening }, process);
      }),
    ),
    ...[...gateways.keys()].sort().map((key) => {
      const [namespace = "", name = ""] = key.split("/");
      return fix({ ...viewOf(name, namespace, 0), gateway: name }, null);
    }),
  ];
}

function viewOf(owner: string, namespace: string, ordinal: number): WorkloadView {
  const name = workloadName(owner, ordinal);
  return {
    // Unique, a DNS label, and the same each time: slots depend on it.
    uid: `${name}-${namespace}`.slice(-63).replace(/^-+/, ""),
    name,
    namespace,
    identity: null,
    labels: {},
    ports: [],
    gateway: null,
    inbound: null,
    state: { phase: "ready" },
  };
}
