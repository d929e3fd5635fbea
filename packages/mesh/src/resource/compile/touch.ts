import type { Service } from "../core/service.ts";
import { opaquePortsAnnotation, protocolAnnotation } from "../core/service-protocol.ts";
import type { KnownResource } from "../index.ts";
import { namespaceOf } from "../meta.ts";
import { attachableOf } from "./attachables.ts";
import type { CompiledService } from "./compiled.ts";
import type { MeshOutputs } from "./mesh-inputs.ts";
import { type MeshTables, setOrDelete } from "./mesh-tables.ts";
import { type Input, inputs, type Reads } from "./reads.ts";
import { tableKey } from "./tables.ts";
import { selects, type WorkloadView } from "./workload-view.ts";

/** Where each kind of output notes that one of its keys must be made anew. */
export type Touchable = { readonly [K in keyof MeshOutputs]: { touch(key: string): void } };

/** Those whose making is tracked: what they read is what they are made from. */
export type Tracked = "services" | "gateways" | "claims";

export function readerOf(output: Tracked, key: string): string {
  return `${output}:${key}`;
}

/**
 * Puts changes into the tables and marks which outputs each of them touches.
 *
 *   any resource ─▶ services, gateways and claims that read it, or what is attached where it is or was (`reads.ts`)
 *   Service ──────▶ also its endpoints, and every proxy (listeners)
 *   Workload ─────▶ its proxy (not where only its state is another), and endpoints of services that select it, before and after
 */
export class Touch {
  readonly #tables: MeshTables;
  readonly #reads: Reads;
  readonly #outputs: Touchable;
  /** Services whose processes are spoken to in TLS: proxies' own documents say so. */
  readonly #speakTls = new Set<string>();

  constructor(tables: MeshTables, reads: Reads, outputs: Touchable) {
    this.#tables = tables;
    this.#reads = reads;
    this.#outputs = outputs;
  }

  /** `resource` names what changed; `isGone` tells whether it is there no more. */
  change(resource: KnownResource, isGone: boolean): void {
    const tables = this.#tables;
    const key = tableKey(resource);
    const before = resource.kind === "Service" ? tables.find("Service", key) : null;
    const changed = tables.set(resource, isGone);
    if (changed === null) return;
    const { table, targets } = changed;
    for (const target of targets) this.#changed(inputs.attached(target));
    this.#changed(inputs.resource(table, key));
    this.#changed(inputs.namespace(table, namespaceOf(resource)));
    if (attachableOf(table) !== null) this.#outputs.claims.touch(`${table}/${key}`);
    switch (resource.kind) {
      case "Service":
        this.#outputs.services.touch(key);
        this.#outputs.endpoints.touch(key);
        // Every proxy listens for every service, so that what says nothing new of listeners is kept from them.
        if (listenersOf(before) !== listenersOf(isGone ? null : resource)) this.#allProxies();
        return;
      case "Gateway":
        this.#outputs.gateways.touch(key);
        return;
      case "Mesh":
        this.#allProxies();
        return;
      default:
        return;
    }
  }

  /** A workload appeared, looks different, or went. */
  workload(uid: string, after: WorkloadView | null): void {
    const before = this.#tables.workloads.get(uid) ?? null;
    setOrDelete(this.#tables.workloads, uid, after);
    if (!isSameBesideState(before, after)) this.#outputs.proxies.touch(uid);
    for (const [key, service] of this.#tables.services) {
      const isIn = [before, after].some((view) => view !== null && selects(service, view));
      if (isIn) this.#outputs.endpoints.touch(key);
    }
  }

  /** The compiled form of a service came out different; null: there is none any more. */
  afterService(key: string, compiled: CompiledService | null): void {
    this.#changed(inputs.compiled(`Service/${key}`));
    this.#outputs.endpoints.touch(key);
    const speaksTls = compiled !== null && compiled.backendTls.size > 0;
    if (!speaksTls && !this.#speakTls.has(key)) return;
    if (speaksTls) this.#speakTls.add(key);
    else this.#speakTls.delete(key);
    const service = this.#tables.services.get(key);
    for (const [uid, view] of this.#tables.workloads) {
      if (service === undefined || selects(service, view)) this.#outputs.proxies.touch(uid);
    }
  }

  /** Recorded values are hashed with another key. */
  hashKey(hashKey: string): void {
    if (this.#tables.hashKey === hashKey) return;
    this.#tables.hashKey = hashKey;
    this.#changed(inputs.hashKey);
  }

  /** The compiled form of a gateway came out different. */
  afterGateway(key: string): void {
    this.#changed(inputs.compiled(`Gateway/${key}`));
    for (const { uid, namespace, gateway } of this.#tables.workloads.values()) {
      if (`${namespace}/${gateway}` === key) this.#outputs.proxies.touch(uid);
    }
  }

  #changed(input: Input): void {
    for (const reader of this.#reads.readersOf(input)) {
      const colon = reader.indexOf(":");
      this.#outputs[reader.slice(0, colon) as Tracked].touch(reader.slice(colon + 1));
    }
  }

  #allProxies(): void {
    for (const uid of this.#tables.workloads.keys()) this.#outputs.proxies.touch(uid);
  }
}

/** Of where a workload stands its own document says nothing, and that of a large mesh is large. */
function isSameBesideState(a: WorkloadView | null, b: WorkloadView | null): boolean {
  const beside = (view: WorkloadView | null) => view && { ...view, state: null, serves: null };
  return JSON.stringify(beside(a)) === JSON.stringify(beside(b));
}

/** What proxies' own documents are made of, as text: an annotation may say what a port speaks. */
function listenersOf(service: Service | null): string {
  const { annotations } = service?.metadata ?? {};
  const said = [annotations?.[protocolAnnotation], annotations?.[opaquePortsAnnotation]];
  return JSON.stringify([service?.spec, said]);
}
