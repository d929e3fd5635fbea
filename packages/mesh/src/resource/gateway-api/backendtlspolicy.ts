import { buildKind } from "../kind.ts";
import type { ResourceOf } from "../meta.ts";
import {
  apiGroup,
  dnsSubdomain,
  hostname,
  kindName,
  objectName,
  preciseHostname,
} from "../schema/formats.ts";
import type { Problems } from "../schema/problem.ts";
import { inert, list, map, object, oneOf, required, type TypeOf, text } from "../schema/schema.ts";
import { policyStatus, targetsColumn } from "./policy-status.ts";
import { gatewayGroup, localReference } from "./reference.ts";

const target = object({
  group: required(apiGroup),
  kind: required(kindName),
  name: required(objectName),
  /** Of a Service: the name of one of its ports. */
  sectionName: dnsSubdomain,
});

const subjectAltName = object(
  {
    type: required(oneOf("Hostname", "URI")),
    hostname,
    uri: text({
      minLength: 1,
      maxLength: 253,
      pattern: /^(([^:/?#]+):)(\/\/([^/?#]*))([^?#]*)(\?([^#]*))?(#(.*))?/,
      words: "a URI such as spiffe://a/b",
    }),
  },
  (name, problems) => {
    for (const [type, field] of [
      ["Hostname", "hostname"],
      ["URI", "uri"],
    ] as const) {
      const isThere = name[field] !== undefined;
      if (name.type === type && !isThere) problems.add(`required for type ${type}`, field);
      if (name.type !== type && isThere) problems.add(`only with type ${type}`, field);
    }
  },
);

const validation = object(
  {
    caCertificateRefs: list(localReference, { maxItems: 8 }),
    wellKnownCACertificates: text({
      minLength: 1,
      maxLength: 253,
      pattern:
        /^(System|([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]))$/,
      words: "System",
    }),
    hostname: required(preciseHostname),
    subjectAltNames: list(subjectAltName, { maxItems: 5 }),
  },
  ({ caCertificateRefs = [], wellKnownCACertificates }, problems) => {
    const hasRefs = caCertificateRefs.length > 0;
    if (hasRefs && wellKnownCACertificates !== undefined) {
      problems.add("not beside caCertificateRefs", "wellKnownCACertificates");
    }
    if (!hasRefs && wellKnownCACertificates === undefined) {
      problems.add("required, or wellKnownCACertificates", "caCertificateRefs");
    }
  },
);

/** `gateway.networking.k8s.io/v1 BackendTLSPolicySpec`, whole. */
export const backendTlsPolicySpec = object({
  targetRefs: required(list(target, { minItems: 1, maxItems: 16 }, checkTargets)),
  validation: required(validation),
  options: inert(map(text({ maxLength: 4096 }), { maxItems: 16 })),
});

export type BackendTlsTarget = TypeOf<typeof target>;
export type BackendTlsPolicySpec = TypeOf<typeof backendTlsPolicySpec>;
export type BackendTlsPolicy = ResourceOf<
  "BackendTLSPolicy",
  BackendTlsPolicySpec,
  TypeOf<typeof policyStatus>
>;

/** How the proxy beside a process speaks TLS to it: the last hop, behind the mesh's own. */
export const backendTlsPolicyKind = buildKind({
  group: gatewayGroup,
  version: "v1",
  kind: "BackendTLSPolicy",
  plural: "backendtlspolicies",
  shortNames: ["btlspolicy"],
  isNamespaced: true,
  served: [{ version: "v1alpha3" }],
  spec: backendTlsPolicySpec,
  status: policyStatus,
  columns: [
    targetsColumn(),
    {
      name: "HOSTNAME",
      type: "text",
      value: (resource) =>
        (resource.spec as Partial<BackendTlsPolicySpec>).validation?.hostname ?? null,
    },
  ],
});

/** Of two references to one target both have a sectionName, each another. */
function checkTargets(targets: readonly BackendTlsTarget[], problems: Problems): void {
  targets.forEach(({ group, kind, name, sectionName }, index) => {
    const others = targets
      .slice(0, index)
      .filter((one) => one.group === group && one.kind === kind && one.name === name);
    if (others.length === 0) return;
    if (sectionName === undefined || others.some((one) => one.sectionName === undefined)) {
      const message = `required, because ${kind} ${name} is named twice`;
      problems.add(message, index, "sectionName");
    } else if (others.some((one) => one.sectionName === sectionName)) {
      problems.add(`"${sectionName}" is there already for ${kind} ${name}`, index, "sectionName");
    }
  });
}
