import { buildKind, type Fields, type Kind } from "../kind.ts";
import type { ResourceOf } from "../meta.ts";
import { portNumber } from "../schema/formats.ts";
import { list, object, required, type TypeOf } from "../schema/schema.ts";
import {
  smiVersion,
  specsGroup,
  type specsVersion,
  takeLaterFields,
  withLaterFields,
} from "./group.ts";

const spec = object({
  matches: required(
    object({
      /** Empty: every port. */
      ports: required(list(portNumber)),
    }),
  ),
});

type PortsSpec = TypeOf<typeof spec>;

export type SmiTcpRoute = ResourceOf<"TCPRoute", PortsSpec, never> & {
  readonly apiVersion: typeof specsVersion;
};
export type SmiUdpRoute = ResourceOf<"UDPRoute", PortsSpec, never> & {
  readonly apiVersion: typeof specsVersion;
};

/** `specs.smi-spec.io TCPRoute`: ports, for TrafficTargets to allow. Nothing is sent anywhere by it. */
export const smiTcpRouteKind = portsKind("TCPRoute", "tr");

/** `specs.smi-spec.io UDPRoute`. */
export const smiUdpRouteKind = portsKind("UDPRoute", "ur");

/** Versions before v1alpha4 know no ports, and mean all of them. */
function portsKind(kind: "TCPRoute" | "UDPRoute", shortName: string): Kind {
  return buildKind({
    group: specsGroup,
    version: smiVersion,
    kind,
    plural: `${kind.toLowerCase()}s`,
    shortNames: [shortName],
    isNamespaced: true,
    spec,
    status: null,
    columns: [{ name: "PORTS", type: "text", value: (resource) => portsOf(resource.spec) }],
    served: [
      {
        version: "v1alpha3",
        spec: object({}),
        toStored,
        fromStored: (object) => ({ ...withoutPorts(object), spec: {} }),
      },
      { version: "v1alpha2", spec: null, toStored, fromStored: withoutPorts },
      { version: "v1alpha1", spec: null, toStored, fromStored: withoutPorts },
    ],
  });
}

function toStored(given: Fields): Fields {
  const { object: rest, fields } = takeLaterFields(given, ["matches"]);
  return { ...rest, spec: { matches: { ports: [] }, ...fields } };
}

function withoutPorts({ spec: given, ...rest }: Fields): Fields {
  const { matches } = given as PortsSpec;
  return matches.ports.length === 0 ? rest : withLaterFields(rest, { matches });
}

function portsOf(given: unknown): string {
  const { matches } = (given ?? {}) as Partial<PortsSpec>;
  const ports = matches?.ports ?? [];
  return ports.length === 0 ? "all" : ports.join(",");
}
