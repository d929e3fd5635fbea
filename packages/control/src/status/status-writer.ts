import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { Log } from "@heddle/mesh/base/log.ts";
import { kindOf } from "@heddle/mesh/resource/check.ts";
import type { Claims } from "@heddle/mesh/resource/compile/claims.ts";
import { isOurClass } from "@heddle/mesh/resource/compile/gateway-class.ts";
import { gatewaySocket } from "@heddle/mesh/resource/compile/sockets.ts";
import { heddleController } from "@heddle/mesh/resource/gateway-api/gatewayclass.ts";
import type { XMesh } from "@heddle/mesh/resource/gateway-api/xmesh.ts";
import type { Contract } from "@heddle/mesh/resource/heddle/contract.ts";
import { meshSettings } from "@heddle/mesh/resource/heddle/mesh.ts";
import { type ConditionClaim, type Resource, resourceKey } from "@heddle/mesh/resource/meta.ts";
import { isSameData } from "../revision/revision.ts";
import { keyOf } from "../store/collection.ts";
import type { Store, Write } from "../store/store.ts";
import { resourceOf } from "../watch/claimed.ts";
import { contractConditions } from "../watch/contracts.ts";
import type { Controller } from "../watch/controller.ts";
import { timestamp } from "../watch/workload-plan.ts";
import {
  attachedStatus,
  conditionStatus,
  contractStatus,
  type GatewayFacts,
  gatewayStatus,
  processStatus,
  workloadStatus,
} from "./statuses.ts";
import { xMeshStatus } from "./xmesh-status.ts";

export interface StatusWriterOptions {
  readonly store: Store;
  readonly controller: Controller;
  readonly clock: Clock;
  readonly log: Log;
}

interface Settled {
  readonly key: string;
  readonly resource: Resource;
}

/** What happened within this time is written together, in ms. */
const delayMs = 100;

/** Writes into resources what became of them: after passes of the controller, in one commit, only what differs. */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  /** Conditions that others state, by Contract, as last said. */
  readonly #said = new Map<string, ConditionClaim>();
  /** Resources whose status says what is claimed, by these claims, with their keys: most of a large mesh. */
  readonly #settled = new WeakMap<Claims, Settled>();
  #timer: Timer | null = null;
  #isWriting = false;
  #isDue = false;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** What a check of a Contract (`<namespace>/<name>`) came to; written with the next status. */
  say(contract: string, claim: ConditionClaim): void {
    this.#said.set(contract, claim);
    this.onSettled();
  }

  /** What was said and is not written yet; null: nothing. */
  said(contract: string): ConditionClaim | null {
    return this.#said.get(contract) ?? null;
  }

  /** Something may be different. */
  onSettled(): void {
    this.#isDue = true;
    if (this.#timer !== null || this.#isWriting) return;
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = null;
      void this.#write();
    });
  }

  close(): void {
    this.#timer?.cancel();
  }

  async #write(): Promise<void> {
    const { store, log } = this.#options;
    this.#isWriting = true;
    this.#isDue = false;
    try {
      const writes = this.#writes();
      const outcome = writes.length === 0 ? null : await store.commit(writes);
      // One was overtaken: each alone, so that the others do not wait for it.
      if (outcome?.ok === false) for (const write of writes) await store.commit([write]);
    } catch (cause) {
      log.error({ cause: String(cause) }, "status not written");
    }
    this.#isWriting = false;
    if (this.#isDue) this.onSettled();
  }

  #writes(): Write[] {
    const { controller, clock } = this.#options;
    const { objects, index, host, views } = controller;
    const contracts = index.inputs.resources.all("Contract");
    for (const key of this.#said.keys()) {
      if (!contracts.has(key)) this.#said.delete(key);
    }
    const now = timestamp(clock.wallMs());
    const writes: Write[] = [];
    const add = (resource: Resource, status: unknown) => {
      if (isSameData(resource.status, status)) return;
      const expect = resource.metadata.resourceVersion ?? null;
      writes.push({
        op: "update",
        key: keyOf(kindOf(resource)!, resource),
        object: { ...resource, status },
        expect,
      });
    };
    const newest = <R extends Resource>(known: R | null | undefined) =>
      known == null ? null : (objects.latest(known) as R);
    const workloads = [...objects.workloads.values()];
    for (const workload of workloads) {
      const uid = workload.metadata.uid!;
      const view = views.get(uid);
      if (view !== undefined) add(workload, workloadStatus(workload, view, host.workload(uid)));
    }
    const byProcess = Map.groupBy(workloads, ({ metadata, spec }) =>
      spec.process === undefined ? null : `${metadata.namespace}/${spec.process}`,
    );
    for (const [key, process] of objects.processes) {
      const { name, namespace } = process.metadata;
      const own = byProcess.get(`${namespace}/${name}`) ?? [];
      add(process, processStatus(process, own, controller.rolloutOf(key), now));
    }
    for (const [resource, claims] of index.outputs.claims) {
      const settled = this.#settled.get(claims);
      if (settled !== undefined && objects.latestAt(settled.key) === settled.resource) continue;
      const known = newest(resourceOf(index, resource));
      if (known === null || known.kind === "Contract") continue;
      const status = attachedStatus(known, claims, now);
      if (status === null || isSameData(known.status, status))
        this.#settled.set(claims, { key: resourceKey(known), resource: known });
      else add(known, status);
    }
    for (const [key, claims] of contractConditions(index, objects.processes.values())) {
      const contract = newest(contracts.get(key));
      const said = this.#said.get(key) ?? null;
      if (contract !== null && said !== null && isStated(contract, said)) this.#said.delete(key);
      if (contract !== null) add(contract, contractStatus(contract, claims, said, now));
    }
    for (const [key, compiled] of index.outputs.gateways) {
      const gateway = newest(index.inputs.gateways.get(key));
      if (gateway === null) continue;
      add(gateway, gatewayStatus(gateway, compiled, this.#gatewayFacts(key), now));
    }
    for (const known of index.inputs.gatewayClasses.values()) {
      const one = objects.latest(known);
      if (!isOurClass(one.metadata.name, known)) continue;
      const message = "heddle runs Gateways of this class.";
      add(
        one,
        conditionStatus(
          one,
          [{ type: "Accepted", status: "True", reason: "Accepted", message }],
          now,
        ),
      );
    }
    const { trustDomain } = meshSettings(index.inputs.mesh);
    for (const known of index.inputs.resources.all("XMesh").values()) {
      const one = objects.latest(known) as XMesh;
      if (one.spec.controllerName === heddleController)
        add(one, xMeshStatus(one, trustDomain, now));
    }
    return writes;
  }

  #gatewayFacts(key: string): GatewayFacts {
    const { index, host, views } = this.#options.controller;
    const view = [...views.values()].find((one) => `${one.namespace}/${one.gateway}` === key);
    const unbound = new Map<number, string>();
    if (view === undefined) return { waiting: "Its proxy is not there yet.", unbound };
    for (const { name, port } of index.outputs.gateways.get(key)?.sockets ?? []) {
      const socket = gatewaySocket(view, name);
      const failed = host.failedSockets[socket];
      if (failed !== undefined || !host.sockets.has(socket))
        unbound.set(port, failed ?? "Not bound yet.");
    }
    const isReady = host.workload(view.uid)?.proxy?.ready === true;
    return { waiting: isReady ? null : "Its proxy is not ready.", unbound };
  }
}

/** Does the stored status say it already? */
function isStated(contract: Contract, claim: ConditionClaim): boolean {
  const { generation = 0 } = contract.metadata;
  const { status, reason, message } = claim;
  const known = contract.status?.conditions?.find(({ type }) => type === claim.type);
  const said = { ...known, status, reason, message, observedGeneration: generation };
  return known !== undefined && isSameData(known, said);
}
