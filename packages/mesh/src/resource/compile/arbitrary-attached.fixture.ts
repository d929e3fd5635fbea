import fc from "fast-check";
import { metadata, name, namespace, port } from "./arbitrary-names.fixture.ts";

/** Random routes and policies, and what they read, for property tests. */

export const parentRefs = fc.uniqueArray(
  fc.oneof(
    fc.record(
      { group: fc.constant(""), kind: fc.constant("Service"), name, namespace, port },
      { requiredKeys: ["group", "kind", "name"] },
    ),
    fc.record({ name, namespace }, { requiredKeys: ["name"] }),
  ),
  // Two references to one parent would need section names.
  { maxLength: 3, selector: (one) => `${"kind" in one} ${one.name} ${one.namespace ?? ""}` },
);

export function backendRefs(minLength: number) {
  return fc.array(
    fc.record(
      { name, namespace, port, weight: fc.constantFrom(0, 1, 9) },
      { requiredKeys: ["name", "port"] },
    ),
    { minLength, maxLength: 3 },
  );
}

const gatewayApi = "gateway.networking.k8s.io/v1";

function resource(apiVersion: string, kind: string, spec: fc.Arbitrary<unknown>) {
  const header = { apiVersion: fc.constant(apiVersion), kind: fc.constant(kind), metadata };
  return fc.record({ ...header, spec });
}

/** A route that looks at nothing of what it carries. */
const octets = fc.record({
  parentRefs,
  rules: fc.tuple(fc.record({ backendRefs: backendRefs(1) })),
});

const tls = fc.record({
  parentRefs,
  hostnames: fc.constantFrom(["a.example.com"], ["*.example.com", "b.example"]),
  rules: fc.tuple(fc.record({ backendRefs: backendRefs(1) })),
});

const grpc = fc.record({
  parentRefs,
  rules: fc.array(
    fc.record(
      {
        name: fc.constant("rule"),
        matches: fc.constantFrom(
          [{ method: { service: "a.B" } }],
          [{ method: { service: "a.B", method: "C" }, headers: [{ name: "X", value: "1" }] }],
          [{ method: { type: "RegularExpression", method: "[GS]et" } }],
          [{ method: { type: "RegularExpression", service: "(?=a)" } }],
        ),
        backendRefs: backendRefs(0),
      },
      { requiredKeys: [] },
    ),
    { maxLength: 1 },
  ),
});

const grant = fc.record({
  from: fc.tuple(
    fc.record({
      group: fc.constant("gateway.networking.k8s.io"),
      kind: fc.constantFrom("HTTPRoute", "GRPCRoute", "TLSRoute"),
      namespace,
    }),
  ),
  to: fc.tuple(
    fc.record(
      { group: fc.constant(""), kind: fc.constant("Service"), name },
      { requiredKeys: ["group", "kind"] },
    ),
  ),
});

const service = { group: fc.constant(""), kind: fc.constant("Service"), name };

const backendTls = fc.record({
  targetRefs: fc.tuple(
    fc.record(
      { ...service, sectionName: fc.constantFrom("p", "q") },
      { requiredKeys: ["group", "kind", "name"] },
    ),
  ),
  validation: fc.oneof(
    fc.constant({ hostname: "a.example", wellKnownCACertificates: "System" }),
    fc.record({
      hostname: fc.constant("a.example"),
      caCertificateRefs: fc.tuple(
        fc.record({ group: fc.constant(""), kind: fc.constantFrom("ConfigMap", "Secret"), name }),
      ),
    }),
  ),
});

const configMap = fc.record({
  apiVersion: fc.constant("v1"),
  kind: fc.constant("ConfigMap"),
  metadata,
  data: fc.constantFrom(
    {},
    { "ca.crt": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" },
  ),
});

const traffic = fc.record(
  {
    targetRefs: fc.tuple(fc.record(service)),
    retryConstraint: fc.constantFrom({}, { minRetryRate: { count: 5, interval: "2s" } }),
    sessionPersistence: fc.constant({ sessionName: "s" }),
  },
  { requiredKeys: ["targetRefs"] },
);

const policyTarget = fc.oneof(
  fc.record({ kind: fc.constant("Service"), name }),
  fc.record(
    {
      kind: fc.constantFrom("HTTPRoute", "GRPCRoute"),
      name,
      sectionName: fc.constantFrom("0", "rule"),
    },
    { requiredKeys: ["kind", "name"] },
  ),
);

const subset = fc.record({
  targetRefs: fc.tuple(policyTarget),
  subset: fc.constant({ labels: [{ label: "app", value: "a" }] }),
});

const retries = fc.record({
  targetRefs: fc.tuple(policyTarget),
  retry: fc.constantFrom({}, { attempts: 4 }),
});

export const attached = fc.oneof(
  { weight: 3, arbitrary: resource(gatewayApi, "GRPCRoute", grpc) },
  { weight: 3, arbitrary: resource(gatewayApi, "TLSRoute", tls) },
  { weight: 3, arbitrary: resource(gatewayApi, "TCPRoute", octets) },
  resource(gatewayApi, "UDPRoute", octets),
  { weight: 2, arbitrary: resource(gatewayApi, "ReferenceGrant", grant) },
  { weight: 3, arbitrary: resource(gatewayApi, "BackendTLSPolicy", backendTls) },
  { weight: 2, arbitrary: configMap },
  {
    weight: 2,
    arbitrary: resource("gateway.networking.x-k8s.io/v1alpha1", "XBackendTrafficPolicy", traffic),
  },
  { weight: 2, arbitrary: resource("heddle.dev/v1alpha1", "BalancingPolicy", subset) },
  { weight: 2, arbitrary: resource("heddle.dev/v1alpha1", "RetryPolicy", retries) },
);
