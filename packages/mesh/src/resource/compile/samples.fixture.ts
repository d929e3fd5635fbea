import { checkResource, kindOf } from "../check.ts";
import type { Service } from "../core/service.ts";
import type { Gateway } from "../gateway-api/gateway.ts";
import type { HttpRoute } from "../gateway-api/httproute.ts";
import type { TlsRoute } from "../gateway-api/tlsroute.ts";
import type { Contract } from "../heddle/contract.ts";
import type { Fault } from "../heddle/fault.ts";
import type { Placement } from "../heddle/placement.ts";
import type { KnownResource } from "../index.ts";
import { formatProblem } from "../schema/problem.ts";
import { compileAll, inputsOf, plainWorld } from "./all.ts";
import type { MeshOutputs } from "./mesh-inputs.ts";
import type { World } from "./world.ts";

/** Resources as they leave the door, with little to write. */

export function admit<R extends KnownResource>(value: unknown): R {
  const checked = checkResource(kindOf(value)!, value);
  if (!checked.ok) throw new Error(checked.problems.map(formatProblem).join("\n"));
  return checked.resource as R;
}

export function service(name: string, spec: object = {}, namespace = "default"): Service {
  return admit({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ name: "http", port: 80 }], ...spec },
  });
}

/** A world of these alone. */
export function worldOf(...resources: readonly KnownResource[]): World {
  return plainWorld(inputsOf(resources));
}

/** What is to be said of each of these in a mesh of them alone. */
export function claimsIn(resources: readonly KnownResource[]): MeshOutputs["claims"] {
  return compileAll(inputsOf(resources)).claims;
}

interface RouteOptions {
  readonly name?: string;
  readonly namespace?: string;
  readonly created?: string;
  readonly parentRefs: readonly object[];
  readonly hostnames?: readonly string[];
  readonly rules?: readonly object[];
}

export function route(options: RouteOptions): HttpRoute {
  const { name = "r", namespace = "default", created, ...spec } = options;
  return admit({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name, namespace, ...(created === undefined ? {} : { creationTimestamp: created }) },
    spec,
  });
}

export function tlsRoute(
  options: Omit<RouteOptions, "rules"> & { readonly backendRefs: readonly object[] },
): TlsRoute {
  const { name = "r", namespace = "default", created, backendRefs, ...spec } = options;
  return admit({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "TLSRoute",
    metadata: { name, namespace, ...(created === undefined ? {} : { creationTimestamp: created }) },
    spec: { ...spec, rules: [{ backendRefs }] },
  });
}

/** Any resource of the Gateway API, in the version that is kept. */
export function ofGatewayApi(
  kind: string,
  name: string,
  spec: object,
  { namespace = "default", created = "", version = "gateway.networking.k8s.io/v1" } = {},
): KnownResource {
  const metadata = { name, namespace, creationTimestamp: created };
  return admit({ apiVersion: version, kind, metadata, spec });
}

/** A parentRef to a Service. */
export function to(name: string, more: object = {}): object {
  return { group: "", kind: "Service", name, ...more };
}

export function gateway(listeners: readonly object[], spec: object = {}): Gateway {
  return admit({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "front", namespace: "default" },
    spec: { gatewayClassName: "heddle", listeners, ...spec },
  });
}

export function placement(name: string, created: string, spec: object = {}): Placement {
  return admit({
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Placement",
    metadata: { name, namespace: "default", creationTimestamp: created },
    spec: { targetRefs: [{ kind: "Service", name: "kvs" }], key: { pathSegment: 1 }, ...spec },
  });
}

/** A Contract on `kvs` with the operations of a key-value store. */
export function contract(name: string, created: string, spec: object = {}): Contract {
  const key = { parameter: "k", type: "integer" };
  return admit({
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Contract",
    metadata: { name, namespace: "default", creationTimestamp: created },
    spec: {
      targetRefs: [{ kind: "Service", name: "kvs" }],
      definition: "./kvs.contract.ts#kvs",
      consistency: "linearizable",
      key: "k",
      operations: [
        operation("get", { path: [key], gives: "opaque", ok: [200] }),
        operation("put", {
          takes: ["k", "v"],
          changes: true,
          method: "PUT",
          path: [key],
          body: { parameter: "v", type: "opaque" },
          ok: [201],
          refused: [503],
        }),
      ],
      ...spec,
    },
  });
}

export function operation(name: string, more: object): object {
  return { name, takes: ["k"], changes: false, method: "GET", ok: [200], ...more };
}

export function fault(name: string, created: string, spec: object = {}): Fault {
  return admit({
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Fault",
    metadata: { name, namespace: "default", creationTimestamp: created },
    spec: {
      targetRefs: [{ kind: "Service", name: "kvs" }],
      reset: { percent: 25 },
      ...spec,
    },
  });
}
