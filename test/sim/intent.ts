import type { Write } from "@heddle/control/store/store.ts";
import { type KnownResource, kinds } from "@heddle/mesh/resource/index.ts";
import { kvsPorts } from "./kvs-app.ts";
import { entryPorts } from "./operation.ts";
import { collectionOf, gateway, heddle, placeOf, port, resource } from "./resources.ts";
import { shopServices } from "./shop.ts";

/** `put` makes the object or replaces it: whether it is there is asked at the time. */
export interface Edit {
  readonly put: readonly KnownResource[];
  /** Names of HTTPRoutes, Placements and Services. */
  readonly remove: readonly { readonly collection: string; readonly name: string }[];
}

export function kvsProcess(replicas: number): KnownResource {
  return resource(heddle, "Process", "kvs", {
    replicas,
    command: ["kvs"],
    ports: kvsPorts.map((name) => ({ name })),
  });
}

/** Of Service `wire`: where connections of octets go, by how they are found out and by who speaks first. */
export const talkPorts = {
  detect: { client: 90, server: 91 },
  ruled: { client: 92, server: 93 },
  opaque: { client: 94, server: 95 },
} as const;
/** Where the server speaks first, and nobody has seen it yet. */
export const freshPorts = { detect: 191, ruled: 193 } as const;
/** Where tunnels over HTTP are asked for. */
export const upgradePorts = { detect: 96, http1: 97, h2c: 98 } as const;
const appProtocols = { detect: {}, http1: { appProtocol: "http" }, h2c: { appProtocol: "h2c" } };

/** The same processes for whatever has no key. */
const wire: readonly KnownResource[] = [
  resource("v1", "Service", "wire", {
    selector: { app: "kvs" },
    ports: [
      ...Object.entries(talkPorts).flatMap(([kind, { client, server }]) => {
        const more = kind === "opaque" ? { appProtocol: "tcp" } : {};
        return [port(client, "talk", more), port(server, "greet", more)];
      }),
      ...Object.values(freshPorts).map((number) => port(number, "greet")),
      ...(["detect", "http1", "h2c"] as const).map((entry) =>
        port(upgradePorts[entry], "http", appProtocols[entry]),
      ),
    ],
  }),
  resource(gateway, "HTTPRoute", "wire-rules", {
    parentRefs: [talkPorts.ruled.client, talkPorts.ruled.server, freshPorts.ruled].map((port) => ({
      group: "",
      kind: "Service",
      name: "wire",
      sectionName: `p${port}`,
    })),
    rules: [
      {
        matches: [{ path: { type: "PathPrefix", value: "/api" } }],
        backendRefs: [{ name: "kvs", port: 80 }],
      },
    ],
  }),
];

/** Requests that have a key and stay within one are recorded whole: `GET /7`, `PUT /7`; a POST is no operation. */
const contract: KnownResource = resource(heddle, "Contract", "kvs", {
  targetRefs: [{ group: "", kind: "Service", name: "kvs" }],
  definition: "kvs",
  consistency: "linearizable",
  key: "k",
  valueBytesMax: 4096,
  operations: (["get", "put"] as const).map((name) => ({
    name,
    takes: name === "get" ? ["k"] : ["k", "v"],
    changes: name === "put",
    method: name.toUpperCase(),
    path: [{ parameter: "k", type: "integer" }],
    ...(name === "get" ? { gives: "opaque" } : { body: { parameter: "v", type: "opaque" } }),
    ok: [name === "get" ? 200 : 201],
    refused: [],
  })),
});

/** What is there from the start, and again at the end. */
export const base: readonly KnownResource[] = [
  resource("v1", "Service", "kvs", {
    selector: { app: "kvs" },
    ports: (["detect", "http1", "h2c"] as const).map((entry) =>
      port(entryPorts[entry], "http", appProtocols[entry]),
    ),
  }),
  ...wire,
  ...shopServices,
  resource(heddle, "Process", "visitor", { command: ["visitor"] }),
  kvsProcess(2),
  contract,
];

export function placement(whenAway: "wait" | "refuse" | "move"): KnownResource {
  return resource(heddle, "Placement", "by-key", {
    targetRefs: [{ group: "", kind: "Service", name: "kvs" }],
    key: { pathSegment: 1, type: "integer" },
    slots: 32,
    whenAway,
  });
}

/** A second name for the same processes, which routes can send to. */
export const mirror: KnownResource = resource("v1", "Service", "kvs-mirror", {
  selector: { app: "kvs" },
  ports: [{ name: "http", port: 81, targetPort: "http" }],
});

const parentRefs = [{ group: "", kind: "Service", name: "kvs" }];

/** Half of what asks kvs goes to its other name. */
export const split: KnownResource = resource(gateway, "HTTPRoute", "split", {
  parentRefs,
  rules: [
    {
      backendRefs: [
        { name: "kvs", port: 80, weight: 1 },
        { name: "kvs-mirror", port: 81, weight: 1 },
      ],
    },
  ],
});

const smi = "split.smi-spec.io/v1alpha4";

/** The same by SMI, for as long as no route is before it; a third name, with the ports of the first, takes part. */
export const trafficSplit: readonly KnownResource[] = [
  resource("v1", "Service", "kvs-twin", {
    selector: { app: "kvs" },
    ports: (["detect", "http1", "h2c"] as const).map((entry) =>
      port(entryPorts[entry], "http", appProtocols[entry]),
    ),
  }),
  resource(smi, "TrafficSplit", "split", {
    service: "kvs",
    backends: [
      { service: "kvs", weight: 2 },
      { service: "kvs-twin", weight: 1 },
    ],
  }),
];

/** `/api/7` becomes `/7`; a header comes, another goes; and there is little time. */
export const rewrite: KnownResource = resource(gateway, "HTTPRoute", "rewrite", {
  parentRefs,
  rules: [
    {
      matches: [{ path: { type: "PathPrefix", value: "/api" } }],
      filters: [
        {
          type: "URLRewrite",
          urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/" } },
        },
        {
          type: "ResponseHeaderModifier",
          responseHeaderModifier: { set: [{ name: "x-rewritten", value: "1" }] },
        },
      ],
      timeouts: { request: "250ms" },
      backendRefs: [{ name: "kvs", port: 80 }],
    },
    { backendRefs: [{ name: "kvs", port: 80 }] },
  ],
});

export function remove(kind: "HTTPRoute" | "Placement" | "Service" | "TrafficSplit", name: string) {
  const found = kinds.find((one) => one.kind === kind)!;
  return { collection: collectionOf(found), name };
}

/** The writes of an edit, given which objects are there. */
export function writesOf(edit: Edit, has: (collection: string, name: string) => boolean): Write[] {
  const writes: Write[] = [];
  for (const { collection, name } of edit.remove) {
    const key = { collection, namespace: "default", name };
    if (has(collection, name)) writes.push({ op: "delete", key, expect: null });
  }
  for (const object of edit.put) {
    const { collection, name } = placeOf(object);
    const key = { collection, namespace: "default", name };
    writes.push(
      has(collection, name)
        ? { op: "update", key, object, expect: null }
        : { op: "create", key, object },
    );
  }
  return writes;
}
