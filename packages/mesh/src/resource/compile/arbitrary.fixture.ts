import fc from "fast-check";
import type { Address } from "../../model/address.ts";
import type { SlotsDoc } from "../../model/document.ts";
import { checkResource, kindOf } from "../check.ts";
import type { KnownResource } from "../index.ts";
import { attached, backendRefs, parentRefs } from "./arbitrary-attached.fixture.ts";
import { metadata, name, named, namespace } from "./arbitrary-names.fixture.ts";
import { policies } from "./arbitrary-policies.fixture.ts";
import type { MeshIndex } from "./mesh-index.ts";
import type { WorkloadView } from "./workload-view.ts";

/** Random inputs of a mesh, for property tests. */

const service = fc.record({
  apiVersion: fc.constant("v1"),
  kind: fc.constant("Service"),
  metadata: fc.record({
    ...named,
    annotations: fc.constantFrom(
      {},
      { "heddle.dev/picker": "round-robin" },
      { "heddle.dev/protocol": "81=tls,p=h2c" },
      { "config.linkerd.io/opaque-ports": "80-81" },
    ),
  }),
  spec: fc.record(
    {
      selector: fc.record({ app: name }),
      type: fc.constantFrom("ClusterIP", "ExternalName"),
      externalName: fc.constant("example.com"),
      ports: fc.constantFrom(
        [{ name: "p", port: 80 }],
        [{ name: "p", port: 81, appProtocol: "http" }],
        [{ name: "p", port: 81, appProtocol: "https" }],
        [
          { name: "p", port: 80 },
          { name: "q", port: 81, appProtocol: "tcp" },
        ],
      ),
    },
    { requiredKeys: ["ports", "externalName", "type"] },
  ),
});

const match = fc.record(
  {
    path: fc.record({
      type: fc.constantFrom("Exact", "PathPrefix", "RegularExpression"),
      value: fc.constantFrom("/", "/a", "/a/b", "/a/", "/a."),
    }),
    method: fc.constantFrom("GET", "PUT"),
    headers: fc.constantFrom([{ name: "X", value: "1" }], [{ name: "x", value: "\u20ac" }]),
  },
  { requiredKeys: [] },
);

const filters = [
  {
    type: "RequestHeaderModifier",
    requestHeaderModifier: {
      set: [{ name: "X-A", value: " padded " }],
      add: [{ name: "X-B", value: "caf\u00e9" }],
      remove: ["X-C"],
    },
  },
  { type: "ResponseHeaderModifier", responseHeaderModifier: { remove: ["Connection"] } },
  {
    type: "RequestMirror",
    requestMirror: { backendRef: { name: "b", port: 80 }, fraction: { numerator: 1 } },
  },
  { type: "CORS", cors: { allowOrigins: ["https://*.a.b"], exposeHeaders: ["X", "*"] } },
  {
    type: "URLRewrite",
    urlRewrite: {
      hostname: "b.example",
      path: { type: "ReplaceFullPath", replaceFullPath: "x/y?\u00e9" },
    },
  },
];

const route = fc.record({
  apiVersion: fc.constant("gateway.networking.k8s.io/v1"),
  kind: fc.constant("HTTPRoute"),
  metadata,
  spec: fc.record({
    parentRefs,
    rules: fc.array(
      fc.record(
        {
          matches: fc.array(match, { maxLength: 2 }),
          filters: fc.subarray(filters),
          timeouts: fc.constantFrom({ request: "1s" }, { request: "0s", backendRequest: "500ms" }),
          retry: fc.constantFrom({}, { codes: [503], attempts: 3, backoff: "50ms" }),
          sessionPersistence: fc.constantFrom(
            { sessionName: "s" },
            { type: "Header", header: { name: "X-Session" }, absoluteTimeout: "1h" },
          ),
          backendRefs: backendRefs(0),
        },
        { requiredKeys: [] },
      ),
      { minLength: 1, maxLength: 3 },
    ),
  }),
});

const targetRefs = fc.uniqueArray(fc.record({ kind: fc.constant("Service"), name }), {
  minLength: 1,
  selector: (one) => one.name,
});

const placement = fc.record({
  apiVersion: fc.constant("heddle.dev/v1alpha1"),
  kind: fc.constant("Placement"),
  metadata,
  spec: fc.record({
    targetRefs,
    key: fc.constantFrom({ pathSegment: 1, type: "integer" }, { header: "X-Key" }),
  }),
});

const operations = [
  {
    name: "get",
    takes: ["k"],
    changes: false,
    method: "GET",
    path: [{ parameter: "k", type: "integer" }],
    gives: "opaque",
    ok: [200],
  },
  {
    name: "put",
    takes: ["k", "v"],
    changes: true,
    method: "PUT",
    path: [{ literal: "" }],
    query: [{ parameter: "k", type: "integer", name: "key" }],
    fields: [{ parameter: "v", type: "text", name: "X-Value" }],
    ok: [201],
    refused: [503],
  },
];

const contract = fc.record({
  apiVersion: fc.constant("heddle.dev/v1alpha1"),
  kind: fc.constant("Contract"),
  metadata,
  spec: fc.record(
    {
      targetRefs,
      definition: fc.constant("./a.ts#a"),
      consistency: fc.constantFrom("caller", "linearizable"),
      key: fc.constant("k"),
      sampling: fc.constantFrom({}, { keysPercent: 10 }),
      callerHeader: fc.constant("X-User"),
      operations: fc.subarray(operations, { minLength: 1 }),
    },
    { requiredKeys: ["targetRefs", "definition", "consistency"] },
  ),
});

const fault = fc.record({
  apiVersion: fc.constant("heddle.dev/v1alpha1"),
  kind: fc.constant("Fault"),
  metadata,
  spec: fc.record(
    {
      targetRefs,
      callers: fc.constant(["a-0"]),
      seed: fc.constantFrom(0, 7),
      delay: fc.constant({ percent: 10, milliseconds: 20 }),
      reset: fc.constantFrom({ percent: 0 }, { percent: 100 }),
    },
    { requiredKeys: ["targetRefs", "reset"] },
  ),
});

const split = fc.record({
  apiVersion: fc.constantFrom("split.smi-spec.io/v1alpha4"),
  kind: fc.constant("TrafficSplit"),
  metadata: fc.record({
    ...named,
    annotations: fc.constantFrom({}, {}, { "smi.linkerd.io/skip": "" }),
  }),
  spec: fc.record(
    {
      service: fc.oneof(name, fc.constantFrom("a.default", "a.other.svc.cluster.local")),
      matches: fc.uniqueArray(fc.record({ kind: fc.constant("HTTPRouteGroup"), name }), {
        maxLength: 2,
        selector: (one) => one.name,
      }),
      backends: fc.array(
        fc.record({ service: name, weight: fc.constantFrom(0, 1, 9, 3_000_000) }),
        { maxLength: 3 },
      ),
    },
    { requiredKeys: ["service", "backends"] },
  ),
});

const routeGroup = fc.record({
  apiVersion: fc.constantFrom("specs.smi-spec.io/v1alpha4", "specs.smi-spec.io/v1alpha2"),
  kind: fc.constant("HTTPRouteGroup"),
  metadata,
  matches: fc.uniqueArray(
    fc.record(
      {
        name,
        pathRegex: fc.constantFrom("/a", ".*", "(", "/a{2000}"),
        methods: fc.constantFrom(["*"], ["GET", "PUT", "GET"], []),
        headers: fc.constantFrom([{ "X-A": "1" }], { "x-a": ".*", "x-b": "(?<!a)" }),
      },
      { requiredKeys: ["name"] },
    ),
    { maxLength: 3, selector: (one) => one.name },
  ),
});

const gateway = fc.record({
  apiVersion: fc.constant("gateway.networking.k8s.io/v1"),
  kind: fc.constant("Gateway"),
  metadata,
  spec: fc.record({
    gatewayClassName: fc.constantFrom("heddle", "theirs"),
    listeners: fc.constantFrom(
      [{ name: "http", protocol: "HTTP", port: 8080 }],
      [
        { name: "http", protocol: "HTTP", port: 8080, hostname: "*.example.com" },
        { name: "tls", protocol: "TLS", port: 8443, tls: { mode: "Passthrough" } },
      ],
    ),
  }),
});

const gatewayClass = fc.record({
  apiVersion: fc.constant("gateway.networking.k8s.io/v1"),
  kind: fc.constant("GatewayClass"),
  metadata: fc.record({ name: fc.constantFrom("heddle", "theirs") }),
  spec: fc.record({
    controllerName: fc.constantFrom("heddle.dev/gateway-controller", "example.com/other"),
  }),
});

const mesh = fc.record({
  apiVersion: fc.constant("heddle.dev/v1alpha1"),
  kind: fc.constant("Mesh"),
  metadata: fc.constant({ name: "mesh" }),
  spec: fc.record({ clusterDomain: fc.constantFrom("cluster.local", "mesh.local") }),
});

const view: fc.Arbitrary<WorkloadView> = fc.record({
  uid: fc.constantFrom("u1", "u2", "u3"),
  name: fc.constantFrom("a-0", "b-0"),
  namespace,
  identity: fc.constant(null),
  labels: fc.record({ app: name }),
  ports: fc.constant([{ name: "p", number: null, address: tcp(9000) }]),
  gateway: fc.option(name),
  inbound: fc.option(fc.constant(tcp(9001))),
  state: fc.option(fc.constant({ phase: "ready" as const })),
});

const slots: fc.Arbitrary<SlotsDoc | null> = fc.constantFrom(null, {
  assignmentEpoch: 1,
  owners: ["u1"],
  assignment: [0, 0],
});

const socketNames = ["inbound", "forward", "outbound/default/a:80", "gateway/http"].flatMap(
  (socket) => ["a-0", "b-0"].map((workload) => `${workload}.default/${socket}`),
);
const sockets = fc
  .tuple(fc.subarray(socketNames, { minLength: socketNames.length - 2 }), fc.constantFrom(1, 2))
  .map(([names, port]) => new Map(names.map((one) => [one, tcp(port)])));

/** One change of one input. */
export type Edit = (index: MeshIndex) => void;

export const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 6,
    arbitrary: resources().map(
      (one): Edit =>
        (index) =>
          index.put(one),
    ),
  },
  {
    weight: 2,
    arbitrary: resources().map(
      (one): Edit =>
        (index) =>
          index.remove(one),
    ),
  },
  {
    weight: 2,
    arbitrary: view.map(
      (one): Edit =>
        (index) =>
          index.putWorkload(one),
    ),
  },
  view.map(
    (one): Edit =>
      (index) =>
        index.removeWorkload(one.uid),
  ),
  fc.tuple(name, slots).map(
    ([service, of]): Edit =>
      (index) =>
        index.setSlots(`default/${service}`, of),
  ),
  fc.constantFrom("0".repeat(32), "f".repeat(32)).map(
    (one): Edit =>
      (index) =>
        index.setHashKey(one),
  ),
  sockets.map(
    (one): Edit =>
      (index) =>
        index.setSockets(one),
  ),
);

/** Any resource, as it leaves the door: checked, with its defaults. */
export function resources(): fc.Arbitrary<KnownResource> {
  return fc
    .oneof(
      { weight: 4, arbitrary: service },
      { weight: 5, arbitrary: route },
      { weight: 14, arbitrary: attached },
      { weight: 10, arbitrary: policies },
      { weight: 3, arbitrary: split },
      { weight: 2, arbitrary: routeGroup },
      { weight: 3, arbitrary: placement },
      { weight: 3, arbitrary: contract },
      { weight: 2, arbitrary: fault },
      { weight: 3, arbitrary: gateway },
      gatewayClass,
      mesh,
    )
    .map((value) => {
      const result = checkResource(kindOf(value)!, value);
      if (!result.ok) throw new Error(JSON.stringify(result.problems));
      return result.resource;
    });
}

function tcp(port: number): Address {
  return { kind: "tcp", host: "127.0.0.1", port };
}
