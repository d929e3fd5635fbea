import {
  compileAll,
  type MeshInputs,
  type MeshOutputs,
  resolveTargetPort,
  selects,
} from "@heddle/mesh/resource/compile.ts";
import type { Service } from "@heddle/mesh/resource/core/service.ts";
import type { HttpRoute } from "@heddle/mesh/resource/gateway-api/httproute.ts";
import { isServiceParent } from "@heddle/mesh/resource/gateway-api/reference.ts";
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
    case "HTTPRoute":
      return routeProblems(resource, world);
    case "Placement":
      return refused(world.outputs.placements.get(key) ?? [], ["spec", "targetRefs"]);
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
      return [];
  }
}

/** Several parents say the same of a route's rules: once is enough. */
function routeProblems(route: HttpRoute, { outputs, names }: World): readonly Problem[] {
  const found = new Map<string, Problem>();
  if ((route.spec.parentRefs ?? []).length === 0) {
    return [{ path: ["spec"], message: "no parentRefs; the route is attached to nothing" }];
  }
  const claims = outputs.routes.get(namespacedName(route)) ?? [];
  (route.spec.parentRefs ?? []).forEach((parent, index) => {
    const ofParent = claims.find((one) => one.parent === index);
    const path: Path = ["spec", "parentRefs", index];
    if (ofParent === undefined && !isServiceParent(parent)) {
      const namespace = parent.namespace ?? namespaceOf(route);
      const guess = didYouMean(parent.name, namesIn(names, "Gateway", namespace));
      const kind = parent.kind ?? "Gateway";
      if (names.includes(`Gateway/${namespace}/${parent.name}`)) return; // of another class: warned of there
      const message = `no ${kind} "${parent.name}" in namespace ${namespace}${guess}`;
      found.set(`${index}`, { path: [...path, "name"], message });
    }
    for (const problem of refusedClaims(ofParent?.conditions ?? [], path)) {
      found.set(problem.message, problem);
    }
  });
  return [...found.values()];
}

/** What a parent says against its reference belongs to the reference, the rest to the rules. */
function refusedClaims(conditions: readonly ConditionClaim[], parent: Path): readonly Problem[] {
  return conditions
    .filter(({ status }) => status === "False")
    .map(({ reason, message }) => {
      const isOfRules = reason === "UnsupportedValue" || conditions[0]?.reason !== reason;
      return { path: isOfRules ? ["spec", "rules"] : parent, message };
    });
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
