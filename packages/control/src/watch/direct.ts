import type { MeshIndex } from "@heddle/mesh/resource/compile/mesh-index.ts";
import { resolveTargetPort } from "@heddle/mesh/resource/compile/target-port.ts";
import { selects } from "@heddle/mesh/resource/compile/workload-view.ts";
import type { Process } from "@heddle/mesh/resource/heddle/process.ts";
import { compareText } from "@heddle/mesh/resource/meta.ts";
import type { HostView } from "./host-view.ts";

export interface DirectInputs {
  readonly index: MeshIndex;
  /** The Process of a workload that is to stay; null for any other. */
  readonly processOf: (uid: string) => Process | null;
}

/**
 * Without proxies: the port of the first process that stands behind a Service's, as a template that the supervisor fills
 * in, for it knows before anybody observed. Null: there is none.
 */
export function directPort(inputs: DirectInputs, serviceKey: string, port: number): string | null {
  const service = inputs.index.inputs.services.get(serviceKey);
  const servicePort = service?.spec.ports?.find((one) => one.port === port);
  if (service === undefined || servicePort === undefined) return null;
  const backing = [...inputs.index.inputs.workloads.values()]
    .filter((view) => selects(service, view))
    .sort((a, b) => compareText(a.name, b.name));
  for (const { uid } of backing) {
    const ports = (inputs.processOf(uid)?.spec.ports ?? []).map((one) => ({
      ...one,
      number: one.number ?? null,
    }));
    const target = resolveTargetPort(servicePort, ports);
    if (target !== null) return target.bind?.toString() ?? `{{port:${uid}/${target.name}}}`;
  }
  return null;
}

/** The same as a number; null while nobody knows. */
export function fillDirectPort(template: string | null, host: HostView): string | null {
  const named = /^\{\{port:([^/]+)\/(.+)\}\}$/.exec(template ?? "");
  if (named === null) return template;
  return host.workload(named[1]!)?.ports[named[2]!]?.toString() ?? null;
}
