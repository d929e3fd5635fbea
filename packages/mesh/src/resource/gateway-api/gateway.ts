import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import {
  apiGroup,
  dnsSubdomain,
  hostname,
  kindName,
  labelValue,
  objectName,
  portNumber,
  qualifiedName,
} from "../schema/formats.ts";
import { isIpAddress } from "../schema/ip.ts";
import type { Problems } from "../schema/problem.ts";
import {
  defaulted,
  inert,
  integer,
  list,
  map,
  object,
  oneOf,
  required,
  type TypeOf,
  text,
} from "../schema/schema.ts";
import { gatewayGroup, localReference, objectReference, secretReference } from "./reference.ts";

const selector = object({
  matchLabels: map(text()),
  matchExpressions: list(
    object({ key: required(text()), operator: required(text()), values: list(text()) }),
  ),
});

const routeKind = object({
  group: defaulted(apiGroup, gatewayGroup),
  kind: required(kindName),
});

const listenerTls = object(
  {
    mode: defaulted(oneOf("Terminate", "Passthrough"), "Terminate"),
    certificateRefs: list(secretReference, { maxItems: 64 }),
    options: map(text({ maxLength: 4096 }), { maxItems: 16 }),
  },
  (tls, problems) => {
    const hasCertificate = (tls.certificateRefs ?? []).length > 0;
    const hasOptions = Object.keys(tls.options ?? {}).length > 0;
    if ((tls.mode ?? "Terminate") === "Terminate" && !hasCertificate && !hasOptions) {
      problems.add("required for mode Terminate", "certificateRefs");
    }
  },
);

const listener = object({
  name: required(dnsSubdomain),
  hostname,
  port: required(portNumber),
  protocol: required(
    text({
      minLength: 1,
      maxLength: 255,
      pattern:
        /^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9]+$/,
      words: "a protocol such as HTTP",
    }),
  ),
  tls: listenerTls,
  allowedRoutes: defaulted(
    object({
      namespaces: defaulted(
        object({ from: defaulted(oneOf("All", "Selector", "Same"), "Same"), selector }),
        { from: "Same" },
      ),
      kinds: list(routeKind, { maxItems: 8 }),
    }),
    { namespaces: { from: "Same" } },
  ),
});

const addressType = text({
  minLength: 1,
  maxLength: 253,
  pattern:
    /^Hostname|IPAddress|NamedAddress|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/,
  words: "IPAddress, Hostname or NamedAddress",
});

const address = object(
  { type: defaulted(addressType, "IPAddress"), value: text({ maxLength: 253 }) },
  ({ type = "IPAddress", value }, problems) => {
    if (value === undefined) return;
    if (type === "IPAddress" && !isIpAddress(value)) {
      problems.add(`expected an IP address, got ${JSON.stringify(value)}`, "value");
    }
    if (type === "Hostname" && value !== "" && !hostname.pattern!.test(value)) {
      problems.add(`expected a host name, got ${JSON.stringify(value)}`, "value");
    }
  },
);

const tlsValidation = object({
  validation: object({
    caCertificateRefs: required(list(objectReference, { minItems: 1, maxItems: 16 })),
    mode: defaulted(oneOf("AllowValidOnly", "AllowInsecureFallback"), "AllowValidOnly"),
  }),
});

export const gatewaySpec = object({
  gatewayClassName: required(objectName),
  listeners: required(
    list(listener, { minItems: 1, maxItems: 64, uniqueBy: ["name"] }, checkListeners),
  ),
  addresses: list(address, { maxItems: 16 }, (addresses, problems) => {
    const values = addresses.map(({ type = "IPAddress", value }) =>
      value === undefined ? null : `${type} ${value}`,
    );
    values.forEach((value, index) => {
      const first = values.indexOf(value);
      if (value !== null && first < index) {
        problems.add(`is there already, at [${first}]`, index, "value");
      }
    });
  }),
  infrastructure: inert(
    object({
      labels: map(labelValue, { keys: qualifiedName, maxItems: 8 }),
      annotations: map(text({ maxLength: 4096 }), { keys: qualifiedName, maxItems: 16 }),
      parametersRef: localReference,
    }),
  ),
  allowedListeners: inert(
    object({
      namespaces: defaulted(
        object({ from: defaulted(oneOf("All", "Selector", "Same", "None"), "None"), selector }),
        { from: "None" },
      ),
    }),
  ),
  tls: inert(
    object({
      backend: object({ clientCertificateRef: secretReference }),
      frontend: object({
        default: required(tlsValidation),
        perPort: list(object({ port: required(portNumber), tls: required(tlsValidation) }), {
          maxItems: 64,
          uniqueBy: ["port"],
        }),
      }),
    }),
  ),
});

const gatewayStatus = object({
  addresses: list(
    object({
      type: defaulted(addressType, "IPAddress"),
      value: required(text({ minLength: 1, maxLength: 253 })),
    }),
    { maxItems: 16 },
  ),
  attachedListenerSets: integer(),
  conditions,
  listeners: list(
    object({
      name: required(dnsSubdomain),
      supportedKinds: list(routeKind, { maxItems: 8 }),
      attachedRoutes: required(integer()),
      conditions: required(conditions),
    }),
    { maxItems: 64, uniqueBy: ["name"] },
  ),
});

export type GatewayListener = TypeOf<typeof listener>;
export type GatewaySpec = TypeOf<typeof gatewaySpec>;
export type GatewayStatus = TypeOf<typeof gatewayStatus>;
export type Gateway = ResourceOf<"Gateway", GatewaySpec, GatewayStatus>;

export const gatewayKind = buildKind({
  group: gatewayGroup,
  version: "v1",
  served: [{ version: "v1beta1" }],
  kind: "Gateway",
  plural: "gateways",
  shortNames: ["gtw"],
  isNamespaced: true,
  spec: gatewaySpec,
  status: gatewayStatus,
  columns: [
    {
      name: "CLASS",
      type: "text",
      value: (resource) => (resource as Gateway).spec.gatewayClassName,
    },
    { name: "ADDRESS", type: "text", value: (resource) => addressesOf(resource) },
    { name: "PROGRAMMED", type: "text", value: (resource) => programmed(resource) },
  ],
});

function checkListeners(listeners: readonly GatewayListener[], problems: Problems): void {
  const taken = new Map<string, number>();
  listeners.forEach((one, index) => {
    const at = problems.at(index);
    const isPlain = ["HTTP", "TCP", "UDP"].includes(one.protocol);
    if (isPlain && one.tls !== undefined) at.add(`not with protocol ${one.protocol}`, "tls");
    if (one.protocol === "HTTPS" && one.tls?.mode === "Passthrough") {
      at.add("expected Terminate for protocol HTTPS", "tls", "mode");
    }
    if (one.protocol === "TLS" && one.tls === undefined) at.add("required for protocol TLS", "tls");
    if (["TCP", "UDP"].includes(one.protocol) && one.hostname !== undefined) {
      at.add(`not with protocol ${one.protocol}`, "hostname");
    }
    const key = `${one.port} ${one.protocol} ${one.hostname ?? ""}`;
    const first = taken.get(key);
    if (first === undefined) taken.set(key, index);
    else at.add(`port, protocol and hostname are those of [${first}]`, "port");
  });
}

function addressesOf(resource: Resource): string | null {
  const addresses = (resource as Gateway).status?.addresses ?? [];
  return addresses.length === 0 ? null : addresses.map(({ value }) => value).join(",");
}

function programmed(resource: Resource): string | null {
  const found = (resource as Gateway).status?.conditions?.find(({ type }) => type === "Programmed");
  return found?.status ?? null;
}
