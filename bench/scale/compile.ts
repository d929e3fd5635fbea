import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import { toSpiffeId } from "@heddle/mesh/model/identity.ts";
import { MeshIndex } from "@heddle/mesh/resource/compile/mesh-index.ts";
import { inboundSocket, socketsOf } from "@heddle/mesh/resource/compile/sockets.ts";
import type { WorkloadView } from "@heddle/mesh/resource/compile/workload-view.ts";
import type { Process } from "@heddle/mesh/resource/heddle/process.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import { type Size, worldOf } from "./world.ts";

/** In ms. */
export interface Took {
  readonly wallMs: number;
  /** Of all threads: of a collector's helpers too. */
  readonly cpuMs: number;
}

/** Time from all resources at hand to all documents: of five runs the one in the middle. */
export function compileFull(size: Size): Took {
  const world = worldOf(size) as readonly KnownResource[];
  const times = Array.from({ length: 5 }, () => compileOnce(world));
  return times.sort((a, b) => a.wallMs - b.wallMs)[2]!;
}

function compileOnce(world: readonly KnownResource[]): Took {
  const index = new MeshIndex();
  const services = world.filter((one) => one.kind === "Service");
  const views = world
    .filter((one) => one.kind === "Process")
    .map((process, at): WorkloadView => viewOf(process as Process, at));
  const sockets = new Map<string, Address>();
  for (const view of views) {
    for (const { name } of socketsOf(view, services, null)) {
      sockets.set(name, tcp("127.0.0.1", 1024 + (sockets.size % 60_000)));
    }
  }
  const sinceMs = performance.now();
  const before = process.cpuUsage();
  for (const one of world) if (one.kind !== "Process") index.put(one);
  for (const view of views) {
    index.putWorkload({ ...view, inbound: sockets.get(inboundSocket(view)) ?? null });
  }
  index.setSockets(sockets);
  index.take();
  const { user, system } = process.cpuUsage(before);
  const wallMs = performance.now() - sinceMs;
  const endpoints = [...index.outputs.endpoints.values()].flatMap((one) => one.endpoints).length;
  if (endpoints < views.length) throw new Error(`${endpoints} endpoints only`);
  return { wallMs, cpuMs: (user + system) / 1000 };
}

function viewOf({ metadata }: Process, at: number): WorkloadView {
  return {
    uid: `uid-${at}`,
    name: `${metadata.name}-0`,
    namespace: "default",
    identity: toSpiffeId(`spiffe://heddle.local/ns/default/sa/${metadata.name}`),
    labels: metadata.labels ?? {},
    ports: [{ name: "http", number: null, address: tcp("127.0.0.1", 1024 + at) }],
    gateway: null,
    inbound: null,
    state: { phase: "ready" },
  };
}
