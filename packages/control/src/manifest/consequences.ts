import type { AnyRoute } from "@heddle/mesh/resource/compile/route-claims.ts";
import {
  compileAll,
  type MeshInputs,
  type MeshOutputs,
  type ParentClaims,
  plainWorld,
  resolveTargetPort,
  routeKinds,
  selects,
  type TableName,
  tableKey,
  tableOf,
} from "@heddle/mesh/resource/compile.ts";
import type { Service } from "@heddle/mesh/resource/core/service.ts";
import type { ParentReference } from "@heddle/mesh/resource/gateway-api/reference.ts";
import type { Process } from "@heddle/mesh/resource/heddle/process.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import {
  type ConditionClaim,
  namespacedName,
  namespaceOf,
  resourceKey,
} from "@heddle/mesh/resource/meta.ts";
import type { Path } from "@heddle/mesh/resource/schema/path.ts";
import { formatProblem, type Problem } from "@heddle/mesh/resource/schema/problem.ts";
import { didYouMean } from "@heddle/mesh/resource/schema/suggest.ts";
import { meshInputs } from "./inputs.ts";
import type { ManifestResource } from "./manifest-resource.ts";
import type { ManifestProblem } from "./problem.ts";
import { namesIn } from "./references.ts";

/** What would become of well-formed resources that is probably not meant: conditions that say no, before they are there. */
export function consequences(
  resources: readonly ManifestResource[],
  existing: readonly KnownResource[],
): readonly ManifestProblem[] {
  const all = [...existing, ...resources.map(({ resource }) => resource)];
  const inputs = meshInputs(all);
  const outputs = compileAll(inputs);
  const processes = all.filter((one): one is Process => one.kind === "Process");
  const names = all.map(resourceKey);
  return resources.flatMap((one) =>
    problemsOf(one.resource, { inputs, outputs, processes, names }).map((problem) => ({
      file: one.file,
      line: one.lineOf(problem.path),
      subject: `${one.resource.kind}/${one.resource.metadata.name}`,
      message: formatProblem(problem),
    })),
  );
}

interface World {
  readonly inputs: MeshInputs;
  readonly outputs: MeshOutputs;
  readonly processes: readonly Process[];
  readonly names: readonly string[];
}

function problemsOf(resource: KnownResource, world: World): readonly Problem[] {
  const key = namespacedName(resource);
  switch (resource.kind) {
    case "Service":
      return [
        ...(world.outputs.services.get(key)?.notes ?? []),
        ...unbacked(resource, world.processes),
      ];
    case "Gateway": {
      const compiled = world.outputs.gateways.get(key);
      if (compiled === undefined) {
        const message = "no GatewayClass of heddle's; nothing will listen";
        return [{ path: ["spec", "gatewayClassName"], message }];
      }
      return [
        ...refused(compiled.conditions, ["spec"]),
        ...compiled.listeners.flatMap(({ conditions }, index) =>
          refused(conditions, ["spec", "listeners", index]),
        ),
      ];
    }
    default:
      return attachedProblems(resource, world);
  }
}

/** What is to be said of a route or a policy: of its targets, and of its rules wherever they are attached. */
function attachedProblems(resource: KnownResource, world: World): readonly Problem[] {
  const table = tableOf(resource);
  if (table === null) return [];
  const claims = world.outputs.claims.get(`${table}/${tableKey(resource)}`);
  if (claims?.parents !== undefined) {
    return routeProblems(resource as AnyRoute, table, claims.parents, world);
  }
  const told = (claims?.events ?? []).filter(({ type }) => type === "Warning");
  const events = told.map(({ path = [], message }) => ({ path, message }));
  // Operations of a Contract come from its definition when the set is applied.
  const ofTargets = (claims?.conditions ?? []).filter(({ type }) => type === "Accepted");
  const ofAncestors = (claims?.ancestors ?? []).flatMap(({ conditions }) => conditions);
  return [...refused([...ofTargets, ...ofAncestors], ["spec", "targetRefs"]), ...events];
}

/** What each parent has against a route, and what its rules cannot do, wherever it is attached. */
function routeProblems(
  route: AnyRoute,
  table: TableName,
  claims: readonly ParentClaims[],
  world: World,
): readonly Problem[] {
  const kind = routeKinds.find(([name]) => name === table)?.[1] ?? null;
  if (kind === null) {
    // UDPRoutes: not carried, so that there are no rules to look at.
    return claims.flatMap(({ parent, conditions }) =>
      refused(conditions, ["spec", "parentRefs", parent]),
    );
  }
  const parents = kind.parents(route);
  if (parents.length === 0) {
    return [{ path: ["spec"], message: "no parentRefs; the route is attached to nothing" }];
  }
  const ofParents = parents.flatMap((parent, index) =>
    parentProblems(parent, claims.find((one) => one.parent === index) ?? null, {
      route,
      names: world.names,
      path: ["spec", "parentRefs", index],
    }),
  );
  // Where a backend may not be in another namespace, the parent says so.
  const scope = { crossesNamespaces: true, world: plainWorld(world.inputs) };
  return [...ofParents, ...kind.problems(kind.compile(route, scope))];
}

interface ParentPlace {
  readonly route: AnyRoute;
  readonly path: Path;
  /** `<Kind>/<namespace>/<name>` of all there is. */
  readonly names: readonly string[];
}

function parentProblems(
  parent: ParentReference,
  claims: ParentClaims | null,
  { route, path, names }: ParentPlace,
): readonly Problem[] {
  if (claims !== null) {
    // What a parent says of the rules is said of the rules already.
    const ofRules = ["UnsupportedValue", "BackendNotFound", "InvalidKind", "UnsupportedProtocol"];
    return refused(
      claims.conditions.filter(({ reason }) => !ofRules.includes(reason)),
      path,
    );
  }
  const { kind = "Gateway", namespace = namespaceOf(route), name } = parent;
  if (names.includes(`Gateway/${namespace}/${name}`)) return []; // of another class: warned of there
  const guess = didYouMean(name, namesIn(names, kind, namespace));
  return [
    { path: [...path, "name"], message: `no ${kind} "${name}" in namespace ${namespace}${guess}` },
  ];
}

function refused(conditions: readonly ConditionClaim[], path: Path): readonly Problem[] {
  return conditions
    .filter(({ status }) => status === "False")
    .map(({ message }) => ({ path, message }));
}

/** A Service that no Process answers for, and ports that its Processes do not have. */
function unbacked(service: Service, processes: readonly Process[]): readonly Problem[] {
  if (Object.keys(service.spec.selector ?? {}).length === 0) return [];
  const behind = processes.filter((one) =>
    selects(service, { namespace: namespaceOf(one), labels: one.metadata.labels ?? {} }),
  );
  if (behind.length === 0) return [{ path: ["spec", "selector"], message: "selects no Process" }];
  return (service.spec.ports ?? []).flatMap((port, index) =>
    behind.flatMap(({ metadata, spec }): Problem | [] => {
      const ports = (spec.ports ?? []).map((one) => ({
        name: one.name,
        number: one.number ?? null,
      }));
      if (resolveTargetPort(port, ports) !== null) return [];
      const wanted = port.targetPort ?? port.port;
      const guess = didYouMean(
        String(wanted),
        ports.map(({ name }) => name),
      );
      const message = `Process/${metadata.name} has no port ${JSON.stringify(wanted)}${guess}`;
      const field = port.targetPort === undefined ? "port" : "targetPort";
      return { path: ["spec", "ports", index, field], message };
    }),
  );
}
