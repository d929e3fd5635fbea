import { redirectsOf } from "@heddle/mesh/resource/compile/capture.ts";
import type { CompiledGateway } from "@heddle/mesh/resource/compile/compiled.ts";
import { namesSocket, socketsOf } from "@heddle/mesh/resource/compile/sockets.ts";
import type { WorkloadView } from "@heddle/mesh/resource/compile/workload-view.ts";
import type { Service } from "@heddle/mesh/resource/core/service.ts";
import type { Probe, Process, ProcessPort } from "@heddle/mesh/resource/heddle/process.ts";
import type { Workload } from "@heddle/mesh/resource/heddle/workload.ts";
import { compareText, namespacedName, namespaceOf } from "@heddle/mesh/resource/meta.ts";
import type {
  AppSpec,
  CaptureSpec,
  Desired,
  ReadinessProbe,
  SocketSpec,
  WorkloadSpec,
} from "../host/link.ts";
import { isSameData } from "../revision/revision.ts";
import { directEnvironmentOf, environmentOf } from "./environment.ts";

/** The control plane's own doors. */
export const apiSocket = "control/api";
export const proxySocket = "control/proxies";

/** Below the state folder: one folder for each workload's proxy. */
export const proxiesFolder = "proxies";

/** Short, for the path of a unix socket in it is limited. */
export function proxyFolder({ name, uid }: Pick<WorkloadView, "name" | "uid">): string {
  return `${name}.${uid.slice(0, 8)}`;
}

export interface DesiredInputs {
  readonly services: readonly Service[];
  readonly workloads: readonly {
    readonly workload: Workload;
    readonly view: WorkloadView;
    /** Null for a gateway, and for a command that runs elsewhere. */
    readonly process: Process | null;
    readonly gateway: CompiledGateway | null;
    /** Callers know: it may go. */
    readonly isDrained: boolean;
    /** Its application may be ended to start as its Process says now. */
    readonly mayRestart: boolean;
  }[];
  /** Crawl: no proxies. */
  readonly hasProxies: boolean;
  /** A process of a service and its port, without proxies. */
  readonly directAddress: (service: string, port: number) => string | null;
  readonly stateDir: string;
  /** Where processes run that do not say. */
  readonly workingDir: string;
}

type WorkloadInputs = DesiredInputs["workloads"][number];

/** What one workload needs. */
interface Needs {
  readonly spec: WorkloadSpec;
  readonly sockets: readonly SocketSpec[];
}

/**
 * Everything that should run and be bound on this machine. A function of intent: the same after any restart. What a workload needs grows
 * with the services it may call, so that it is worked out anew only where something it is made from is different.
 */
export class DesiredPlan {
  readonly #known = new Map<string, Needs & { readonly from: WorkloadInputs }>();
  #services: readonly Service[] = [];
  #last: Desired | null = null;

  /** The object of the last time where nothing of it is different. */
  of(inputs: DesiredInputs): Desired {
    const { services, hasProxies } = inputs;
    // Without proxies a workload needs to know where others listen.
    if (!hasProxies || !isSameList(services, this.#services)) this.#known.clear();
    this.#services = services;
    const sorted = [...inputs.workloads].sort((a, b) =>
      compareText(namespacedName(a.workload), namespacedName(b.workload)),
    );
    const needs = sorted.map((one) => this.#needsOf(one, inputs));
    const uids = new Set(sorted.map(({ view }) => view.uid));
    for (const uid of this.#known.keys()) if (!uids.has(uid)) this.#known.delete(uid);
    const specs = needs.map(({ spec }) => spec);
    if (this.#last === null || !isSameList(specs, this.#last.workloads)) {
      const free = (name: string): SocketSpec => ({ name, host: "127.0.0.1", port: 0 });
      const sockets = [free(apiSocket), free(proxySocket)];
      for (const one of needs) for (const socket of one.sockets) sockets.push(socket);
      this.#last = { type: "desired", sockets, workloads: specs };
    }
    return this.#last;
  }

  #needsOf(one: WorkloadInputs, inputs: DesiredInputs): Needs {
    const { uid } = one.view;
    const known = this.#known.get(uid);
    if (known !== undefined && isMadeFrom(known.from, one)) return known;
    const made = needsOf(one, inputs);
    const isSame =
      known !== undefined &&
      isSameData(known.spec, made.spec) &&
      isSameData(known.sockets, made.sockets);
    const needs = { ...(isSame ? known : made), from: one };
    this.#known.set(uid, needs);
    return needs;
  }
}

function needsOf(one: WorkloadInputs, inputs: DesiredInputs): Needs {
  const sockets = inputs.hasProxies ? socketsOf(one.view, inputs.services, one.gateway) : [];
  const { uid, name, namespace } = one.view;
  const spec: WorkloadSpec = {
    uid,
    name,
    namespace,
    app: one.process === null ? null : appOf(one.process, one.view, inputs),
    proxy: inputs.hasProxies
      ? {
          sockets: sockets.map((socket) => socket.name),
          stateDir: `${inputs.stateDir}/${proxiesFolder}/${proxyFolder(one.view)}`,
          controlSocket: proxySocket,
        }
      : null,
    drain: one.isDrained,
    mayRestart: one.mayRestart,
  };
  return { spec, sockets };
}

/** Of what `needsOf` reads; where a workload stands is none of it. */
function isMadeFrom(a: WorkloadInputs, b: WorkloadInputs): boolean {
  return (
    a.isDrained === b.isDrained &&
    a.mayRestart === b.mayRestart &&
    a.gateway === b.gateway &&
    a.view.name === b.view.name &&
    a.view.namespace === b.view.namespace &&
    a.view.gateway === b.view.gateway &&
    a.view.isCaptured === b.view.isCaptured &&
    isSameData(a.view.labels, b.view.labels) &&
    isSameData(a.process?.spec, b.process?.spec) &&
    isSameData(a.process?.metadata.annotations, b.process?.metadata.annotations)
  );
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function appOf(process: Process, view: WorkloadView, inputs: DesiredInputs): AppSpec {
  const { spec } = process;
  const ports = spec.ports ?? [];
  const names = ports.map(({ name }) => name);
  const own = Object.fromEntries((spec.env ?? []).map(({ name, value }) => [name, value ?? ""]));
  const given = inputs.hasProxies
    ? environmentOf(view, names, inputs.services, view.isCaptured === true)
    : directEnvironmentOf(view, names, inputs.services, inputs.directAddress);
  return {
    command: spec.command,
    cwd: spec.workingDir ?? inputs.workingDir,
    env: { ...given, ...own }, // what a Process says itself wins, as in Kubernetes
    ports: ports.map(({ name, bind }) => ({ name, bind: bind ?? null })),
    readiness: probeOf(spec.readinessProbe ?? null, ports),
    restart: spec.restartPolicy === "Never" ? "never" : "always",
    graceMs: (spec.terminationGracePeriodSeconds ?? 10) * 1000,
    generation: restartGeneration(process),
    ...(view.isCaptured === true ? { capture: captureOf(view, inputs.services) } : {}),
  };
}

function captureOf(view: WorkloadView, services: readonly Service[]): CaptureSpec {
  return {
    redirects: redirectsOf(view, services),
    names: { tcp: namesSocket(view, "tcp"), udp: namesSocket(view, "udp") },
  };
}

/** Raised to restart the processes of a Process that has not changed otherwise. */
export const restartAnnotation = "heddle.dev/restart";

function restartGeneration(process: Process): number {
  const value = Number(process.metadata.annotations?.[restartAnnotation] ?? 0);
  return Number.isSafeInteger(value) ? value : 0;
}

function probeOf(probe: Probe | null, ports: readonly ProcessPort[]): ReadinessProbe | null {
  const action = probe === null ? null : actionOf(probe, ports);
  if (probe === null || action === null) return null;
  return {
    action,
    periodMs: (probe.periodSeconds ?? 1) * 1000,
    timeoutMs: (probe.timeoutSeconds ?? 1) * 1000,
    failureThreshold: probe.failureThreshold ?? 3,
    successThreshold: probe.successThreshold ?? 1,
  };
}

function actionOf(probe: Probe, ports: readonly ProcessPort[]): ReadinessProbe["action"] | null {
  if (probe.exec !== undefined) return { kind: "exec", command: probe.exec.command };
  const named = probe.httpGet?.port ?? probe.tcpSocket?.port;
  const found = ports.find(({ name, number }) => name === named || number === named);
  const port = (named === undefined ? ports[0] : found)?.name;
  if (port === undefined) return null;
  if (probe.httpGet !== undefined) {
    const { path = "/", scheme } = probe.httpGet;
    return { kind: "http", path, port, ...(scheme === "HTTPS" && { isTls: true }) };
  }
  return { kind: "tcp", port };
}

/** Key of the Process or Gateway that a workload belongs to; null for a guest. */
export function ownerOf(workload: Workload): string | null {
  const name = workload.spec.process ?? workload.spec.gateway;
  return name === undefined ? null : `${namespaceOf(workload)}/${name}`;
}
