import { namespaceOf } from "@heddle/mesh/resource/meta.ts";
import type { Path } from "@heddle/mesh/resource/schema/path.ts";
import { formatProblem } from "@heddle/mesh/resource/schema/problem.ts";
import { didYouMean } from "@heddle/mesh/resource/schema/suggest.ts";
import type { ManifestResource } from "./manifest-resource.ts";
import type { ManifestProblem } from "./problem.ts";

/** A field of a heddle.dev kind that names a Service. */
interface Reference {
  readonly path: Path;
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
      .filter(({ namespace, name }) => !named.has(`Service/${namespace}/${name}`))
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
function dangling({ namespace, name }: Reference, named: ReadonlySet<string>): string {
  return `no Service "${name}" in namespace ${namespace}${didYouMean(name, namesIn(named, "Service", namespace))}`;
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
      return resource.spec.targetRefs.map(({ name }, index) => ({
        path: ["spec", "targetRefs", index, "name"],
        namespace,
        name,
      }));
    case "Process":
      return (resource.spec.calls ?? []).map((call, index) => {
        const [name = "", there = namespace] = call.split(".");
        return { path: ["spec", "calls", index], namespace: there, name };
      });
    default:
      return [];
  }
}
