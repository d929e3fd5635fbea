import { equal } from "../real/equal.ts";
import { type EchoMesh, meshNamespace } from "./echo-mesh.ts";
import { holds } from "./traffic-case.ts";

export const gatewayApi = "gateway.networking.k8s.io/v1";

type Fields = object;

/** Objects as the text of a manifest. */
export function manifest(...objects: readonly Fields[]): string {
  return objects.map((object) => JSON.stringify(object)).join("\n---\n");
}

/** An object of upstream's namespace, unless `metadata` says another. */
export function resource(
  apiVersion: string,
  kind: string,
  name: string,
  spec: Fields,
  metadata: Fields = {},
): Fields {
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: meshNamespace, ...metadata },
    spec,
  };
}

export interface RouteFields {
  readonly namespace?: string;
  readonly parentRefs?: readonly Fields[];
  readonly hostnames?: readonly string[];
}

/** A route of any kind, attached to port 80 of `echo` unless `more` says otherwise. */
export function route(
  kind: string,
  name: string,
  rules: readonly Fields[],
  more: RouteFields = {},
): Fields {
  const { namespace = meshNamespace, ...spec } = more;
  const parentRefs = [parent("echo", { port: 80 })];
  return resource(gatewayApi, kind, name, { parentRefs, ...spec, rules }, { namespace });
}

export function httpRoute(name: string, rules: readonly Fields[], more: RouteFields = {}): Fields {
  return route("HTTPRoute", name, rules, more);
}

/** A Service as what a route is attached to. */
export function parent(name: string, more: Fields = {}): Fields {
  return { group: "", kind: "Service", name, ...more };
}

/** A Service as what a route leads to: its port for plain HTTP unless `more` says otherwise. */
export function backend(name: string, more: Fields = {}): Fields {
  return { name, port: 8080, ...more };
}

/** A match by path. */
export function path(value: string, type = "PathPrefix"): Fields {
  return { path: { type, value } };
}

interface Status {
  readonly parents?: readonly {
    readonly controllerName: string;
    readonly parentRef: Fields;
    readonly conditions: readonly Condition[];
  }[];
  readonly conditions?: readonly Condition[];
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

/** Conditions of a route at its first parent, of a policy at its first ancestor, else the object's own. */
export async function conditionsOf(
  mesh: EchoMesh,
  apiVersion: string,
  kind: string,
  name: string,
): Promise<readonly Condition[]> {
  const found = (await mesh.get(apiVersion, kind, name)) as {
    readonly status?: Status & { readonly ancestors?: Status["parents"] };
  };
  const { parents, ancestors, conditions } = found.status ?? {};
  return (parents ?? ancestors)?.[0]?.conditions ?? conditions ?? [];
}

/** Waits until an object's condition says `<status> <reason>`. */
export async function expectCondition(
  mesh: EchoMesh,
  object: readonly [apiVersion: string, kind: string, name: string],
  type: string,
  wanted: string,
): Promise<Condition> {
  let found: Condition | undefined;
  await holds(async () => {
    const all = await conditionsOf(mesh, ...object);
    found = all.find((one) => one.type === type);
    equal(`${found?.status} ${found?.reason}`, wanted, `${type} of ${object[1]}/${object[2]}`);
  });
  return found!;
}
