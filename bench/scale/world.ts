import type { HttpRoute } from "@heddle/mesh/resource/gateway-api/httproute.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";

/** How large a mesh is. */
export interface Size {
  readonly services: number;
  readonly routesPerService: number;
  /** Each with a workload of its own. */
  readonly proxies: number;
  /** Services that each workload backs: endpoints are proxies × this. */
  readonly backedByEach: number;
  /** Services whose documents each proxy holds besides those it backs. */
  readonly calledByEach: number;
}

/** Issue 5: 1,000 services, 5,000 routes, 10,000 endpoints, 200 proxies. */
export const issueSize: Size = {
  services: 1000,
  routesPerService: 5,
  proxies: 200,
  backedByEach: 50,
  calledByEach: 20,
};

/** The one whose endpoint changes; every proxy calls it. */
export const changing = "changing";
/** Its only process. */
export const changingProcess = "changing-app";

/** Services, their routes and the processes behind them. */
export function worldOf(size: Size): readonly Resource[] {
  return [...servicesOf(size), ...routesOf(size), ...processesOf(size)];
}

const serviceName = (index: number) => `svc-${index}`;
const backs = (index: number) => `backs-${serviceName(index)}`;

function servicesOf({ services }: Size): readonly Resource[] {
  const one = (name: string, selector: Readonly<Record<string, string>>): Resource => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "default" },
    spec: {
      selector,
      ports: [{ name: "http", port: 80, targetPort: "http", appProtocol: "http" }],
    },
  });
  const all = Array.from({ length: services }, (_, index) =>
    one(serviceName(index), { [backs(index)]: "yes" }),
  );
  return [...all, one(changing, { app: changingProcess })];
}

/** The five of a service: a path, a prefix with a split, a header, a pattern, the rest. */
function routesOf({ services, routesPerService }: Size): readonly Resource[] {
  return Array.from({ length: services * routesPerService }, (_, index): Resource => {
    const service = Math.floor(index / routesPerService);
    const which = index % routesPerService;
    const own = serviceName(service);
    const next = serviceName((service + 1) % services);
    const matches = [
      { path: { type: "Exact", value: `/v1/items/${index}` } },
      { path: { type: "PathPrefix", value: `/v1/carts/${index}` } },
      {
        path: { type: "PathPrefix", value: "/" },
        headers: [{ name: "x-canary", value: `c${index}` }],
      },
      { path: { type: "RegularExpression", value: `/v1/users/[^/]+/r${index}` } },
      { path: { type: "PathPrefix", value: "/" } },
    ] as const;
    return {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: {
        name: `route-${index}`,
        namespace: "default",
        creationTimestamp: "2026-01-01T00:00:00Z",
      },
      spec: {
        parentRefs: [{ group: "", kind: "Service", name: own, port: 80 }],
        rules: [
          {
            matches: [matches[which % matches.length]],
            backendRefs: [
              { name: own, port: 80, weight: 9 },
              ...(which === 1 ? [{ name: next, port: 80, weight: 1 }] : []),
            ],
          },
        ],
      } as unknown as HttpRoute["spec"],
    };
  });
}

function processesOf({ services, proxies, backedByEach, calledByEach }: Size): readonly Resource[] {
  const one = (name: string, labels: Readonly<Record<string, string>>, calls: string[]) => ({
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Process",
    metadata: { name, namespace: "default", labels },
    spec: { replicas: 1, command: ["app"], ports: [{ name: "http" }], calls },
  });
  const all = Array.from({ length: proxies }, (_, index) => {
    const backed = Array.from({ length: backedByEach }, (_, at) => (index * 5 + at) % services);
    const called = Array.from(
      { length: calledByEach },
      (_, at) => (index * 7 + at * 31) % services,
    );
    return one(`app-${index}`, Object.fromEntries(backed.map((each) => [backs(each), "yes"])), [
      changing,
      ...called.map(serviceName),
    ]);
  });
  return [...all, one(changingProcess, { app: changingProcess }, [])];
}

export function isKnown(resource: Resource): resource is KnownResource {
  return resource.kind !== "Process";
}
