import { formatSpiffeId } from "@heddle/mesh/model/identity.ts";
import { isOurClass } from "@heddle/mesh/resource/compile/gateway-class.ts";
import type { Gateway } from "@heddle/mesh/resource/gateway-api/gateway.ts";
import type { GatewayClass } from "@heddle/mesh/resource/gateway-api/gatewayclass.ts";
import { type Process, workloadName } from "@heddle/mesh/resource/heddle/process.ts";
import {
  type Workload,
  type WorkloadSpec,
  workloadKind,
} from "@heddle/mesh/resource/heddle/workload.ts";
import { namespaceOf } from "@heddle/mesh/resource/meta.ts";
import { isSameData } from "../revision/revision.ts";
import { collectionOf, keyOf } from "../store/collection.ts";
import type { ObjectKey, Write } from "../store/store.ts";

export const workloadCollection = collectionOf(workloadKind);
/** A Workload with it is drained before it goes, whoever deletes it. */
export const drainFinalizer = "heddle.dev/drain";

export interface PlanInputs {
  readonly processes: Iterable<Process>;
  readonly gateways: Iterable<Gateway>;
  readonly gatewayClasses: ReadonlyMap<string, GatewayClass>;
  /** By `<namespace>/<name>`. */
  readonly workloads: ReadonlyMap<string, Workload>;
  /** Crawl: none. A workload with a proxy and one without are not the same one. */
  readonly hasProxies: boolean;
  readonly nowWallMs: number;
  readonly newUid: () => string;
}

/** On Workloads made without a proxy. */
const directAnnotation = "heddle.dev/direct";

interface Wanted {
  readonly owner: Process | Gateway;
  readonly name: string;
  readonly spec: WorkloadSpec;
}

/**
 * What must be written so that there is one Workload for each replica of each Process and for each Gateway of ours: new
 * ones are made, those too many marked for deletion, others brought up to date. A changed service account is another
 * identity, hence another workload. A name that is still draining is taken again once it is free. A Process and a Gateway
 * of one name (`rivalKind`) do not come here; the Process would win.
 */
export function planWorkloads(inputs: PlanInputs): readonly Write[] {
  const writes: Write[] = [];
  const wanted = new Map<string, Wanted>();
  for (const one of [...wantedOfGateways(inputs), ...wantedOfProcesses(inputs.processes)]) {
    wanted.set(`${namespaceOf(one.owner)}/${one.name}`, one);
  }
  for (const [key, workload] of inputs.workloads) {
    if (workload.metadata.deletionTimestamp !== undefined) continue;
    const want = wanted.get(key);
    const isGuest = workload.spec.process === undefined && workload.spec.gateway === undefined;
    if (want === undefined) {
      if (!isGuest) writes.push(markDeleted(workload, inputs.nowWallMs));
    } else if (isAnother(workload, want, inputs.hasProxies)) {
      writes.push(markDeleted(workload, inputs.nowWallMs));
    } else {
      const fresh = upToDate(workload, want);
      if (!isSameData(fresh, workload)) writes.push(update(fresh));
    }
  }
  for (const [key, want] of wanted) {
    if (!inputs.workloads.has(key)) writes.push(create(want, inputs));
  }
  return writes;
}

/** Sets when it is to go; it goes once its finalizer is off. */
export function markDeleted(workload: Workload, nowWallMs: number): Write {
  const deletionTimestamp = timestamp(nowWallMs);
  return update({ ...workload, metadata: { ...workload.metadata, deletionTimestamp } });
}

/** Kubernetes' form: to the second. */
export function timestamp(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
}

/** The SPIFFE ID of a workload's service account. */
export function identityOf(workload: Workload, trustDomain: string) {
  const { serviceAccountName: serviceAccount } = workload.spec;
  return formatSpiffeId({ trustDomain, namespace: namespaceOf(workload), serviceAccount });
}

function wantedOfProcesses(processes: Iterable<Process>): readonly Wanted[] {
  return [...processes].flatMap((owner) => {
    const { replicas = 1, ports = [], serviceAccountName, capture } = owner.spec;
    const process = owner.metadata.name;
    return Array.from({ length: replicas }, (_, ordinal) => ({
      owner,
      name: workloadName(process, ordinal),
      spec: {
        process,
        ordinal,
        serviceAccountName: serviceAccountName ?? process,
        ports: ports.map(({ name, number }) =>
          number === undefined ? { name } : { name, number },
        ),
        ...(capture === "transparent" ? { capture } : {}),
      },
    }));
  });
}

function wantedOfGateways(inputs: PlanInputs): readonly Wanted[] {
  return [...inputs.gateways]
    .filter(({ spec: { gatewayClassName: name } }) =>
      isOurClass(name, inputs.gatewayClasses.get(name) ?? null),
    )
    .map((owner) => {
      const gateway = owner.metadata.name;
      const spec = { gateway, ordinal: 0, serviceAccountName: gateway };
      return { owner, name: workloadName(gateway, 0), spec };
    });
}

function isAnother(workload: Workload, want: Wanted, hasProxies: boolean): boolean {
  const isDirect = workload.metadata.annotations?.[directAnnotation] !== undefined;
  if (isDirect === hasProxies) return true;
  const { process, gateway, serviceAccountName } = workload.spec;
  return (
    process !== want.spec.process ||
    gateway !== want.spec.gateway ||
    serviceAccountName !== want.spec.serviceAccountName
  );
}

function upToDate(workload: Workload, { owner, spec }: Wanted): Workload {
  const { labels: _, ...metadata } = workload.metadata;
  const labels = owner.metadata.labels;
  return {
    ...workload,
    metadata: { ...metadata, ...(labels === undefined ? {} : { labels }) },
    spec,
  };
}

function create({ owner, name, spec }: Wanted, inputs: PlanInputs): Write {
  const { nowWallMs, newUid, hasProxies } = inputs;
  const { labels, uid = "" } = owner.metadata;
  const { apiVersion, kind } = owner;
  const namespace = namespaceOf(owner);
  const workload: Workload = {
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Workload",
    metadata: {
      name,
      namespace,
      uid: newUid(),
      generation: 1,
      creationTimestamp: timestamp(nowWallMs),
      ...(labels === undefined ? {} : { labels }),
      ...(hasProxies ? {} : { annotations: { [directAnnotation]: "true" } }),
      ownerReferences: [{ apiVersion, kind, name: owner.metadata.name, uid, controller: true }],
      finalizers: [drainFinalizer],
    },
    spec,
  };
  return { op: "create", key: keyOfWorkload(workload), object: workload };
}

function update(workload: Workload): Write {
  return {
    op: "update",
    key: keyOfWorkload(workload),
    object: workload,
    expect: workload.metadata.resourceVersion ?? null,
  };
}

export function keyOfWorkload(workload: Workload): ObjectKey {
  return keyOf(workloadKind, workload);
}
