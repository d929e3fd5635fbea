import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import {
  dnsLabelWithLetter,
  labels,
  portName,
  portNumber,
  qualifiedName,
} from "../schema/formats.ts";
import type { Problems } from "../schema/problem.ts";
import {
  anything,
  boolean,
  defaulted,
  inert,
  integer,
  intOrText,
  list,
  object,
  oneOf,
  required,
  type TypeOf,
  text,
} from "../schema/schema.ts";
import { pickerAnnotation, pickerName } from "./service-picker.ts";
import { protocolAnnotation, protocolOf, protocolWords } from "./service-protocol.ts";

const servicePort = object({
  name: portName,
  protocol: defaulted(oneOf("TCP", "UDP", "SCTP"), "TCP"),
  appProtocol: text({
    maxLength: 253,
    pattern: qualifiedName.pattern!,
    words: "a protocol such as http or kubernetes.io/h2c",
  }),
  port: required(portNumber),
  /** A port of the processes: its name, or its number there. See `compile/target-port.ts`. */
  targetPort: intOrText(),
  nodePort: inert(portNumber),
});

/** `v1 ServiceSpec` of Kubernetes, whole. */
export const serviceSpec = object(
  {
    selector: labels,
    ports: list(servicePort, {}, namesPorts),
    type: defaulted(oneOf("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"), "ClusterIP"),
    clusterIP: text(),
    clusterIPs: inert(list(text(), { maxItems: 2 })),
    externalIPs: inert(list(text())),
    externalName: text(),
    externalTrafficPolicy: inert(oneOf("Cluster", "Local")),
    internalTrafficPolicy: inert(oneOf("Cluster", "Local")),
    trafficDistribution: inert(text()),
    sessionAffinity: inert(defaulted(oneOf("ClientIP", "None"), "None")),
    sessionAffinityConfig: inert(
      object({ clientIP: object({ timeoutSeconds: integer({ minimum: 1, maximum: 86400 }) }) }),
    ),
    publishNotReadyAddresses: inert(boolean()),
    healthCheckNodePort: inert(integer({ minimum: 0, maximum: 65535 })),
    loadBalancerIP: inert(text()),
    loadBalancerClass: inert(text()),
    loadBalancerSourceRanges: inert(list(text())),
    allocateLoadBalancerNodePorts: inert(boolean()),
    ipFamilies: inert(list(oneOf("IPv4", "IPv6"), { maxItems: 2 })),
    ipFamilyPolicy: inert(oneOf("SingleStack", "PreferDualStack", "RequireDualStack")),
  },
  (spec, problems) => {
    const isExternal = spec.type === "ExternalName";
    if (!isExternal && (spec.ports ?? []).length === 0) problems.add("required", "ports");
    if (isExternal && !spec.externalName) {
      problems.add("required for type ExternalName", "externalName");
    }
  },
);

const serviceStatus = object({
  loadBalancer: object({ ingress: list(anything()) }),
  conditions,
});

export type ServicePort = TypeOf<typeof servicePort>;
export type ServiceSpec = TypeOf<typeof serviceSpec>;
export type Service = ResourceOf<"Service", ServiceSpec, TypeOf<typeof serviceStatus>>;

/** `v1 Service`: what callers say; its processes come and go behind it. */
export const serviceKind = buildKind({
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  shortNames: ["svc"],
  isNamespaced: true,
  name: dnsLabelWithLetter,
  annotations: { [pickerAnnotation]: pickerName, [protocolAnnotation]: protocolWords },
  spec: serviceSpec,
  status: serviceStatus,
  columns: [
    { name: "TYPE", type: "text", value: (resource) => specOf(resource).type ?? "ClusterIP" },
    { name: "PORT(S)", type: "text", value: (resource) => portsOf(specOf(resource)) },
    {
      name: "PROTOCOL",
      type: "text",
      isWide: true,
      value: (resource) => protocolsOf(resource as Service),
    },
    {
      name: "SELECTOR",
      type: "text",
      isWide: true,
      value: (resource) => selectorOf(specOf(resource)),
    },
  ],
});

/** With several ports each has a name; names, and numbers within a protocol, are there once. */
function namesPorts(ports: readonly ServicePort[], problems: Problems): void {
  const names = new Map<string, number>();
  const numbers = new Map<string, number>();
  ports.forEach((port, index) => {
    if (port.name === undefined && ports.length > 1) {
      problems.add("required, because the Service has several ports", index, "name");
    }
    const sameName = port.name === undefined ? undefined : names.get(port.name);
    if (sameName !== undefined) {
      problems.add(`"${port.name}" is there already, at [${sameName}]`, index, "name");
    } else if (port.name !== undefined) names.set(port.name, index);
    const key = `${port.protocol ?? "TCP"}/${port.port}`;
    const sameNumber = numbers.get(key);
    if (sameNumber !== undefined) {
      problems.add(`${port.port} is there already, at [${sameNumber}]`, index, "port");
    } else numbers.set(key, index);
  });
}

function specOf(resource: Resource): ServiceSpec {
  return resource.spec as ServiceSpec;
}

function portsOf(spec: ServiceSpec): string | null {
  const ports = (spec.ports ?? []).map((port) => `${port.port}/${port.protocol ?? "TCP"}`);
  return ports.length === 0 ? null : ports.join(",");
}

/** `detect`, or with several ports `80=detect,5432=opaque`. */
function protocolsOf(service: Service): string | null {
  const ports = (service.spec.ports ?? []).filter(({ protocol = "TCP" }) => protocol === "TCP");
  const words = ports.map((port) => [port.port, protocolOf(service, port)] as const);
  if (words.length < 2) return words[0]?.[1] ?? null;
  return words.map(([port, protocol]) => `${port}=${protocol}`).join(",");
}

function selectorOf(spec: ServiceSpec): string | null {
  const pairs = Object.entries(spec.selector ?? {}).map(([name, value]) => `${name}=${value}`);
  return pairs.length === 0 ? null : pairs.join(",");
}
