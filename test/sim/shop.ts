import type { Rng } from "@heddle/mesh/base/rng.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import type { Mode } from "./chaos.ts";
import { entryPorts } from "./operation.ts";
import { gateway, heddle, port, resource } from "./resources.ts";

/**
 * Service `shop`: the same processes as kvs, without keys. What the mesh is told of it differs from seed to seed: rules, retries,
 * hedges, breakers, balancing, limits, faults, copies, sessions.
 */
const appProtocols = { detect: {}, http1: { appProtocol: "http" }, h2c: { appProtocol: "h2c" } };

export const shopServices: readonly KnownResource[] = [
  resource("v1", "Service", "shop", {
    selector: { app: "kvs" },
    ports: (["detect", "http1", "h2c"] as const).map((entry) =>
      port(entryPorts[entry], "http", appProtocols[entry]),
    ),
  }),
  resource("v1", "Service", "shop-twin", {
    selector: { app: "kvs" },
    ports: [port(81, "http")],
  }),
  resource("v1", "Service", "shop-copies", {
    selector: { app: "kvs" },
    ports: [port(84, "copies")],
  }),
  resource("v1", "Service", "wire-twin", {
    selector: { app: "kvs" },
    ports: [port(94, "talk", { appProtocol: "tcp" }), port(95, "greet", { appProtocol: "tcp" })],
  }),
];

/** First segments of paths, each a rule of its own. `any`: no rule but the last. */
export const aisles = ["any", "all", "safe", "hedged", "copied", "kept"] as const;
export type Aisle = (typeof aisles)[number];

/** Whose token a reply brings, and a request returns. */
export const sessionField = "x-session";

const shop = [{ kind: "Service", name: "shop" }];
const ruleOf = (sectionName: Aisle) => [{ kind: "HTTPRoute", name: "shop", sectionName }];
const own = { name: "shop", port: 80 };
const both = [
  { ...own, weight: 3 },
  { name: "shop-twin", port: 81, weight: 1 },
];

function route(rng: Rng, isGentle: boolean): KnownResource {
  const prefix = (aisle: Aisle) => ({ path: { type: "PathPrefix", value: `/${aisle}` } });
  const inTime = isGentle ? {} : { timeouts: { request: "2s", backendRequest: "400ms" } };
  const rules = [
    { name: "all", matches: [prefix("all")], backendRefs: [own], ...inTime },
    {
      name: "safe",
      matches: [
        { ...prefix("safe"), method: "GET" },
        { ...prefix("safe"), method: "PUT" },
      ],
      retry: { codes: [502, 503, 504], attempts: 1 + rng.below(3), backoff: "5ms" },
      backendRefs: both,
    },
    {
      name: "hedged",
      matches: [{ path: { type: "RegularExpression", value: "/hedged/0*[0-9]+" } }],
      backendRefs: [own],
    },
    {
      name: "copied",
      matches: [prefix("copied")],
      filters: [
        {
          type: "RequestMirror",
          requestMirror: { backendRef: { name: "shop-copies", port: 84 }, percent: 50 },
        },
      ],
      backendRefs: [own],
    },
    {
      name: "kept",
      matches: [prefix("kept")],
      sessionPersistence: { type: "Header", header: { name: sessionField } },
      backendRefs: both,
    },
    { name: "any", backendRefs: rng.below(2) === 0 ? both : [own] },
  ];
  const parentRefs = [{ group: "", ...shop[0]! }];
  return resource(gateway, "HTTPRoute", "shop", { parentRefs, rules });
}

/** Connections of octets to opaque ports are split. */
function wireRoute(name: string, from: number): KnownResource {
  return resource(gateway, "TCPRoute", name, {
    parentRefs: [{ group: "", kind: "Service", name: "wire", sectionName: `p${from}` }],
    rules: [
      {
        backendRefs: [
          { name: "wire", port: from, weight: 1 },
          { name: "wire-twin", port: from, weight: 1 },
        ],
      },
    ],
  });
}

interface Ware {
  /** Felt by nobody, whatever it says. */
  readonly isGentle: boolean;
  /** Goes on at rest, where every request is answered. */
  readonly isKept: boolean;
  make(rng: Rng, isGentle: boolean): KnownResource;
}

/** Retries and hedges that a caller may add within any second; few, so that it binds. */
export const tightBudget = { percent: 20, perSecondMin: 2, window: "1s" } as const;
/** Of one replica. */
export const rate = { requests: 5, per: "1s", burst: 3, scope: "replica" } as const;
/** So much of the endpoints may rest. */
export const restingShareMax = 0.5;

/** All that may be said of the shop, by name. */
const wares: Readonly<Record<string, Ware>> = {
  route: { isGentle: true, isKept: true, make: route },
  "talk route": { isGentle: true, isKept: true, make: () => wireRoute("wire-talk", 94) },
  "greet route": { isGentle: true, isKept: true, make: () => wireRoute("wire-greet", 95) },
  budget: {
    isGentle: false,
    isKept: true,
    make: () => policy("RetryPolicy", "budget", shop, { budget: tightBudget }),
  },
  "retry all": {
    isGentle: true,
    isKept: true,
    make: (rng) =>
      policy("RetryPolicy", "all", ruleOf("all"), {
        retry: { methods: "all", attempts: 1 + rng.below(3), backoff: "5ms", backoffMax: "20ms" },
      }),
  },
  hedge: {
    isGentle: true,
    isKept: false, // a copy at rest would be counted
    make: (rng) =>
      policy("RetryPolicy", "hedged", ruleOf("hedged"), {
        retry: { attempts: 2, backoff: "5ms" },
        hedge: { delay: `${2 + rng.below(20)}ms`, attempts: 2 + rng.below(2) },
      }),
  },
  breaker: {
    isGentle: true,
    isKept: true,
    make: (rng) => {
      const ejectedPercentMax = 100 * restingShareMax;
      const breaker = {
        consecutiveFailures: 1 + rng.below(3),
        successRate: { percentMin: 60, window: "1s", requestsMin: 4 },
        penalty: { min: "50ms", max: "400ms" },
        ejectedPercentMax,
      };
      const outlier = {
        interval: "200ms",
        consecutive5xx: 2,
        ejection: { base: "100ms", max: "500ms" },
        ejectedPercentMax,
      };
      const which = rng.below(3);
      return policy("CircuitBreaker", "shop", shop, {
        ...(which === 0 ? {} : { breaker }),
        ...(which === 1 ? {} : { outlier }),
      });
    },
  },
  "breaker of a rule": {
    isGentle: true,
    isKept: true,
    make: () =>
      policy("CircuitBreaker", "safe", ruleOf("safe"), {
        breaker: { consecutiveFailures: 2, penalty: { min: "50ms", max: "400ms" } },
      }),
  },
  caps: {
    isGentle: false,
    isKept: false,
    make: (rng) =>
      policy("CircuitBreaker", "caps", [{ kind: "Service", name: "shop-twin" }], {
        limits: { requests: 1 + rng.below(4), pendingRequests: 1 + rng.below(3), retries: 1 },
        queue: { requests: 2, failfast: "200ms" },
      }),
  },
  balancing: {
    isGentle: true,
    isKept: true,
    make: (rng) => {
      const affinity = { keys: [{ pathSegment: 2 }], tableSize: 101 };
      const said = [
        { affinity },
        { affinity: { ...affinity, keys: [{ query: "op" }] }, picker: "ring-hash" },
        { picker: "round-robin", slowStart: { window: "500ms" } },
        { picker: "least-request", zones: { endpointsMin: 1 }, panicPercent: 0 },
        { picker: "random", panicPercent: 100 },
      ][rng.below(5)]!;
      return policy("BalancingPolicy", "shop", shop, said);
    },
  },
  health: {
    isGentle: true,
    isKept: false, // what asks for health is counted as well
    make: () =>
      policy("HealthCheck", "shop", shop, {
        http: { path: "/health" },
        interval: "100ms",
        timeout: "80ms",
        failureThreshold: 2,
        successThreshold: 1,
      }),
  },
  rate: {
    isGentle: false,
    isKept: false,
    make: () => policy("RateLimit", "shop", shop, { limits: [rate] }),
  },
  concurrency: {
    isGentle: false,
    isKept: false,
    make: () =>
      policy("ConcurrencyLimit", "shop", shop, { adaptive: { min: 1, initial: 2, max: 4 } }),
  },
  times: {
    isGentle: false,
    isKept: false,
    make: () =>
      policy("TimeoutPolicy", "shop", shop, {
        connect: "200ms",
        request: "2s",
        responseHeaders: "250ms",
        idle: "1s",
      }),
  },
  fault: {
    isGentle: false,
    isKept: false,
    make: (rng) =>
      policy("Fault", "shop", rng.below(2) === 0 ? shop : [{ kind: "HTTPRoute", name: "shop" }], {
        delay: { percent: 10, milliseconds: 40 },
        reset: { percent: 5 },
        abort: { percent: 10, httpStatus: 503 },
        bandwidth: { percent: 20, bytesPerSecond: 60_000 },
      }),
  },
};
export const wareNames = Object.keys(wares);

function policy(kind: string, name: string, targetRefs: object, said: object): KnownResource {
  return resource(heddle, kind, `shop-${name}`, { targetRefs, ...said });
}

/** What one seed's mesh is told of the shop, and how that changes. */
export class Shop {
  readonly #isGentle: boolean;
  readonly #names: readonly string[];
  /** From the start; of each ware one. */
  readonly first: ReadonlyMap<string, KnownResource>;
  /** Nothing of it changes until rest: then what it says can be judged of the whole run. */
  readonly isFixed: boolean;

  constructor(rng: Rng, mode: Mode) {
    this.#isGentle = mode === "gentle";
    // Where proxies or processes alone die, nothing is said: what may fail then is told by the method.
    const isTold = mode === "gentle" || mode === "rough";
    this.#names = wareNames.filter((name) => isTold && (!this.#isGentle || wares[name]!.isGentle));
    this.isFixed = rng.below(2) === 0;
    const first = this.#names.filter((name) => rng.below(name === "route" ? 4 : 2) > 0);
    this.first = new Map(first.map((name) => [name, this.#make(name, rng)]));
  }

  /** One of them comes, changes or goes; null: nothing does. */
  change(rng: Rng): { readonly put: KnownResource | null; readonly gone: KnownResource } | null {
    if (this.isFixed || this.#names.length === 0) return null;
    const made = this.#make(this.#names[rng.below(this.#names.length)]!, rng);
    return { put: rng.below(3) === 0 ? null : made, gone: made };
  }

  /** At rest: what was there first, and must be felt by nobody. */
  get rest(): { readonly put: readonly KnownResource[]; readonly gone: readonly KnownResource[] } {
    const put: KnownResource[] = [];
    const gone: KnownResource[] = [];
    for (const name of this.#names) {
      const first = this.first.get(name);
      if (first !== undefined && wares[name]!.isKept) put.push(first);
      else gone.push(wares[name]!.make(zero, this.#isGentle));
    }
    return { put, gone };
  }

  #make(name: string, rng: Rng): KnownResource {
    return wares[name]!.make(rng, this.#isGentle);
  }
}

/** Where only the name of what is made matters. */
const zero = { below: () => 0 } as unknown as Rng;
