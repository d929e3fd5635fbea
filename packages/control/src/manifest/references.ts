import { namespaceOf } from "@heddle/mesh/resource/meta.ts";
import type { Path } from "@heddle/mesh/resource/schema/path.ts";
import { formatProblem } from "@heddle/mesh/resource/schema/problem.ts";
import { didYouMean } from "@heddle/mesh/resource/schema/suggest.ts";
import type { ManifestResource } from "./manifest-resource.ts";
import type { ManifestProblem } from "./problem.ts";

/** A field of a heddle.dev kind that names a Service or a route. */
interface Reference {
  readonly path: Path;
  /** `Service`, or a kind of routes. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** References of heddle.dev kinds that lead nowhere. `named`: `<Kind>/<namespace>/<name>` of all there is. */
export function checkReferences(
  resources: readonly ManifestResource[],
  named: ReadonlySet<string>,
): readonly ManifestProblem[] {
  return resources.flatMap((one) =>
    referencesOf(one)
      .filter(({ kind, namespace, name }) => !named.has(`${kind}/${namespace}/${name}`))
      .filter(({ path }) => !one.isUnset(path))
      .map((reference) => ({
        file: one.file,
        line: one.lineOf(reference.path),
        subject: `${one.resource.kind}/${one.resource.metadata.name}`,
        message: formatProblem({ path: reference.path, message: dangling(reference, named) }),
      })),
  );
}

/** `no Service "kvz" in namespace default; did you mean "kvs"?` */
function dangling({ kind, namespace, name }: Reference, named: ReadonlySet<string>): string {
  const guess = didYouMean(name, namesIn(named, kind, namespace));
  return `no ${kind} "${name}" in namespace ${namespace}${guess}`;
}

/** Names of all objects of a kind in a namespace. */
export function namesIn(named: Iterable<string>, kind: string, namespace: string): string[] {
  const prefix = `${kind}/${namespace}/`;
  return [...named].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}

function referencesOf({ resource }: ManifestResource): readonly Reference[] {
  const namespace = namespaceOf(resource);
  switch (resource.kind) {
    case "Placement":
    case "Contract":
    case "Fault":
    case "RetryPolicy":
    case "TimeoutPolicy":
    case "CircuitBreaker":
    case "BalancingPolicy":
    case "HealthCheck":
    case "RateLimit":
    case "ConcurrencyLimit":
      return resource.spec.targetRefs.map(({ kind, name }, index) => ({
        path: ["spec", "targetRefs", index, "name"],
        kind,
        namespace,
        name,
      }));
    case "Rollout": {
      const { targetRef, stable, canary } = resource.spec;
      const { kind, name } = targetRef;
      return [
        { path: ["spec", "targetRef", "name"], kind, namespace, name },
        { path: ["spec", "stable"], kind: "Service", namespace, name: stable },
        { path: ["spec", "canary"], kind: "Service", namespace, name: canary },
      ];
    }
    case "Process":
      return (resource.spec.calls ?? []).map((call, index) => {
        const [name = "", there = namespace] = call.split(".");
        return { path: ["spec", "calls", index], kind: "Service", namespace: there, name };
      });
    default:
      return [];
  }
}
