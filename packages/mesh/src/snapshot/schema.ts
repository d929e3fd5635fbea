import * as v from "valibot";
import { filterSchema } from "../filter/index.ts";
import type {
  BackendPolicyDoc,
  ContractDoc,
  Document,
  EndpointsDoc,
  FaultDoc,
  PlacementDoc,
  ProxyDoc,
  RoutesDoc,
  ServiceDoc,
  TlsRouteDoc,
} from "../model/document.ts";
import { type SpiffeId, toSpiffeId } from "../model/identity.ts";
import { portProtocols } from "../model/protocol.ts";
import {
  backendTarget,
  durationMs,
  port,
  serviceKey,
  share,
  text,
  whole,
} from "../model/schema-parts.ts";
import { admission, backendPolicyEntries, backendTls, requestPolicy } from "./policy-schema.ts";

/** The schemas of documents, exactly as `model/document.ts` types them. A field not known here is refused. */

const label = v.pipe(v.string(), v.regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "a DNS label"));
const dnsName = v.pipe(
  v.string(),
  v.maxLength(253, "at most 253 characters"),
  v.regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, "a DNS name"),
);
const spiffeId = v.custom<SpiffeId>(
  (input) => typeof input === "string" && toSpiffeId(input) !== null,
  "a SPIFFE ID of this mesh's form",
);
const anyPort = v.pipe(whole, v.maxValue(65_535, "a port, 0 to 65535"));

const address = v.variant("kind", [
  v.strictObject({ kind: v.literal("tcp"), host: text, port: anyPort }),
  v.strictObject({ kind: v.literal("unix"), path: text }),
  v.strictObject({ kind: v.literal("vip"), service: serviceKey, port }),
]);
const listener = v.strictObject({ name: text, address });
const protocol = v.picklist(portProtocols);
const valueMatch = v.strictObject({ name: text, value: v.string() });

const pathMatch = v.pipe(
  v.strictObject({
    type: v.picklist(["exact", "prefix", "regex", "regex-prefix"]),
    value: v.string(),
  }),
  v.forward(
    v.check(
      ({ type, value }) => type.startsWith("regex") || value.startsWith("/"),
      "an absolute path",
    ),
    ["value"],
  ),
  v.forward(
    v.check(
      ({ type, value }) => type !== "prefix" || value === "/" || !value.endsWith("/"),
      "a prefix without a slash at its end",
    ),
    ["value"],
  ),
);
const fieldMatch = v.strictObject({
  ...valueMatch.entries,
  type: v.exactOptional(v.picklist(["exact", "regex"])),
});
const match = v.strictObject({
  rule: whole,
  hostnames: v.array(text),
  path: pathMatch,
  method: v.nullable(text),
  headers: v.array(fieldMatch),
  query: v.array(fieldMatch),
});
const backend = v.strictObject({
  backend: backendTarget,
  fails: v.exactOptional(v.picklist(["invalid-backend", "no-endpoint"])),
  weight: v.pipe(whole, v.maxValue(1_000_000, "a weight up to 1000000")),
  filters: v.array(filterSchema),
});
const fault: v.GenericSchema<unknown, FaultDoc> = v.strictObject({
  name: text,
  seed: whole,
  callers: v.nullable(v.array(text)),
  delay: v.nullable(v.strictObject({ share, delayMs: durationMs })),
  reset: v.nullable(v.strictObject({ share })),
  identities: v.exactOptional(v.array(text)),
  abort: v.exactOptional(
    v.strictObject({
      share,
      status: v.pipe(whole, v.minValue(400, "a status, 400 to 599"), v.maxValue(599)),
      grpcStatus: v.pipe(whole, v.maxValue(16, "a status of gRPC, 0 to 16")),
    }),
  ),
  bandwidth: v.exactOptional(
    v.strictObject({ share, bytesPerSecond: v.pipe(whole, v.minValue(1, "a number >= 1")) }),
  ),
});

const rule = v.strictObject({
  route: text,
  name: v.string(),
  filters: v.array(filterSchema),
  backends: v.array(backend),
  requestTimeoutMs: v.nullable(durationMs),
  fails: v.nullable(v.picklist(["invalid-backend", "unsupported"])),
  policy: v.exactOptional(requestPolicy),
  fault: v.exactOptional(fault),
  isTold: v.exactOptional(v.boolean()),
});

const routes: v.GenericSchema<unknown, RoutesDoc> = v.pipe(
  v.strictObject({ matches: v.array(match), rules: v.array(rule) }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { matches, rules } = dataset.value;
    for (const [index, { rule }] of matches.entries()) {
      if (rule < rules.length) continue;
      addIssue({
        message: `the index of a rule, below ${rules.length}`,
        path: pathTo(dataset.value, "matches", index, "rule"),
      });
    }
  }),
);

const hostname = v.pipe(
  text,
  v.regex(
    /^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    "a host name",
  ),
);
const tlsRoutes: v.GenericSchema<unknown, readonly TlsRouteDoc[]> = v.array(
  v.strictObject({
    route: text,
    name: v.string(),
    hostnames: v.pipe(v.array(hostname), v.minLength(1, "a host name")),
    backends: v.array(backend),
  }),
);

const placement: v.GenericSchema<unknown, PlacementDoc> = v.strictObject({
  name: text,
  key: v.strictObject({
    from: v.variant("kind", [
      v.strictObject({
        kind: v.literal("path-segment"),
        index: v.pipe(whole, v.minValue(1, "a number >= 1")),
      }),
      v.strictObject({ kind: v.literal("header"), name: text }),
      v.strictObject({ kind: v.literal("query"), name: text }),
      v.strictObject({ kind: v.literal("source") }),
      v.strictObject({ kind: v.literal("identity") }),
    ]),
    type: v.picklist(["integer", "text"]),
  }),
  slots: v.pipe(
    whole,
    v.minValue(1, "a slot count, 1 to 65536"),
    v.maxValue(65_536, "a slot count, 1 to 65536"),
  ),
  whenAway: v.picklist(["wait", "refuse", "move"]),
});

const policy: v.GenericSchema<unknown, BackendPolicyDoc> = v.strictObject({
  ...backendPolicyEntries,
  connectTimeoutMs: durationMs,
  requestTimeoutMs: v.nullable(durationMs),
  queueMax: whole,
  failfastMs: durationMs,
});

const parameter = v.strictObject({
  parameter: text,
  type: v.picklist(["integer", "opaque", "text", "json"]),
});
const namedParameter = v.strictObject({ ...parameter.entries, name: text });
const status = v.pipe(
  whole,
  v.minValue(200, "a final status, 200 to 599"),
  v.maxValue(599, "a final status, 200 to 599"),
);
const contract: v.GenericSchema<unknown, ContractDoc> = v.strictObject({
  name: text,
  operations: v.array(
    v.strictObject({
      name: text,
      takes: v.array(text),
      changes: v.boolean(),
      method: text,
      path: v.array(v.union([v.strictObject({ literal: v.string() }), parameter])),
      query: v.array(namedParameter),
      fields: v.array(namedParameter),
      body: v.nullable(parameter),
      gives: v.nullable(v.picklist(["integer", "opaque", "text", "json"])),
      ok: v.array(status),
      refused: v.array(status),
    }),
  ),
  key: v.nullable(text),
  keyShare: share,
  values: v.picklist(["clear", "hashed"]),
  hashKey: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/, "32 hex digits")),
  valueBytesMax: whole,
  callerField: v.nullable(text),
});

const service: v.GenericSchema<unknown, ServiceDoc> = v.strictObject({
  kind: v.literal("service"),
  namespace: label,
  name: label,
  ports: v.array(
    v.strictObject({
      name: v.nullable(text),
      number: port,
      protocol,
      routes: v.nullable(routes),
      tlsRoutes: v.exactOptional(tlsRoutes),
      tcpRoute: v.exactOptional(
        v.strictObject({ route: text, name: v.string(), backends: v.array(backend) }),
      ),
    }),
  ),
  placement: v.nullable(placement),
  policy,
  // Files of the Walk profile may leave them out.
  contract: v.optional(v.nullable(contract), null),
  fault: v.optional(v.nullable(fault), null),
  admission: v.exactOptional(admission),
});

const slots = v.pipe(
  v.strictObject({
    assignmentEpoch: whole,
    owners: v.array(label),
    assignment: v.array(
      v.pipe(v.number(), v.safeInteger("a whole number"), v.minValue(-1, "an index, or -1")),
    ),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { owners, assignment } = dataset.value;
    const wrong = assignment.findIndex((owner) => owner >= owners.length);
    if (wrong === -1) return;
    addIssue({
      message: `the index of an owner, below ${owners.length}`,
      path: pathTo(dataset.value, "assignment", wrong),
    });
  }),
);

const endpoints: v.GenericSchema<unknown, EndpointsDoc> = v.strictObject({
  kind: v.literal("endpoints"),
  namespace: label,
  name: label,
  endpoints: v.array(
    v.strictObject({
      uid: label,
      workload: text,
      address,
      identity: v.nullable(spiffeId),
      state: v.variant("phase", [
        v.strictObject({ phase: v.literal("ready") }),
        v.strictObject({ phase: v.literal("draining") }),
        v.strictObject({ phase: v.literal("away"), sinceWallMs: v.number(), reason: v.string() }),
      ]),
      zone: v.exactOptional(text),
      priority: v.exactOptional(whole),
      labels: v.exactOptional(v.record(text, v.string())),
    }),
  ),
  slots: v.nullable(slots),
});

const proxy: v.GenericSchema<unknown, ProxyDoc> = v.strictObject({
  kind: v.literal("proxy"),
  workload: v.strictObject({
    uid: label,
    name: text,
    namespace: label,
    identity: v.nullable(spiffeId),
    zone: v.exactOptional(text),
  }),
  clusterDomain: dnsName,
  inbound: v.nullable(
    v.strictObject({
      listener,
      ports: v.array(
        v.strictObject({
          service: serviceKey,
          port,
          protocol,
          target: address,
          tls: v.exactOptional(backendTls),
        }),
      ),
    }),
  ),
  outbound: v.array(v.strictObject({ listener, service: serviceKey, port })),
  forwardProxy: v.nullable(listener),
  gateway: v.array(
    v.strictObject({
      listener,
      name: text,
      protocol: v.exactOptional(v.picklist(["http", "tls"])),
      routes,
      tlsRoutes: v.exactOptional(tlsRoutes),
    }),
  ),
  capture: v.exactOptional(
    v.strictObject({
      datagrams: text,
      listener,
      services: v.array(
        v.strictObject({
          service: serviceKey,
          address: v.pipe(v.string(), v.ipv4("an IPv4 address")),
          ports: v.array(v.strictObject({ name: v.nullable(text), number: port })),
        }),
      ),
    }),
  ),
});

/** By kind. */
export const documentSchemas: {
  readonly [Kind in Document["kind"]]: v.GenericSchema<unknown, Extract<Document, { kind: Kind }>>;
} = { proxy, service, endpoints };

/** A path for an issue that a check of a whole object finds inside it. */
function pathTo(
  input: Record<string, unknown>,
  ...keys: (string | number)[]
): [v.IssuePathItem, ...v.IssuePathItem[]] {
  let at: unknown = input;
  const items = keys.map((key): v.IssuePathItem => {
    const value = (at as Record<string | number, unknown>)[key];
    const item = { type: "unknown", origin: "value", input: at, key, value } as const;
    at = value;
    return item;
  });
  return items as [v.IssuePathItem, ...v.IssuePathItem[]];
}
