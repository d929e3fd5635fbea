import { resolve } from "node:path";
import { checkResource, kindOf, typeOf } from "@heddle/mesh/resource/check.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import { defaultNamespace, kindTitle, resourceKey } from "@heddle/mesh/resource/meta.ts";
import { formatProblem, type Problem } from "@heddle/mesh/resource/schema/problem.ts";
import { isRecord } from "@heddle/mesh/resource/schema/validate.ts";
import { rivalKind, rivalMessage } from "../watch/rival.ts";
import { consequences } from "./consequences.ts";
import { absoluteReference, type Definitions, withOperations } from "./definitions.ts";
import type { ManifestResource } from "./manifest-resource.ts";
import { portClashes } from "./port-clashes.ts";
import { inTextOrder, type ManifestProblem } from "./problem.ts";
import { checkReferences } from "./references.ts";
import type { Source } from "./source.ts";
import { parseText, type TextObject } from "./text.ts";
import { judgeUnknownKind } from "./unknown-kind.ts";
import type { Variables } from "./variables.ts";

export interface Loaded {
  /** All that are well-formed, in the order of the text; meant to be used only where there are no errors. */
  readonly resources: readonly ManifestResource[];
  /** Everything wrong, in the order of the text. */
  readonly errors: readonly ManifestProblem[];
  readonly warnings: readonly ManifestProblem[];
}

export interface LoadOptions {
  /** Values of `${NAME}`. */
  readonly variables: Variables;
  /** Namespace of objects that name none. Default `default`. */
  readonly namespace?: string;
  /** What the mesh has already; references may lead there, and the text replaces what it names again. */
  readonly existing?: readonly KnownResource[];
  /** What Contracts' definitions say of requests. Default: nothing is filled in. */
  readonly definitions?: Definitions;
}

/**
 * The resources that manifests state, or everything that keeps them from being applied. References of heddle.dev kinds
 * must lead somewhere; those of the Gateway API may be ahead of their time, and are warned of.
 */
export function loadManifests(sources: readonly Source[], options: LoadOptions): Loaded {
  const { variables, namespace = defaultNamespace, existing = [], definitions } = options;
  const files = sources.map(({ name }) => name);
  const resources: ManifestResource[] = [];
  const errors: ManifestProblem[] = [];
  const warnings: ManifestProblem[] = [];
  /** All that have a kind and a name, well-formed or not: a reference to a broken object is no second error. */
  const named = new Map<string, string>(existing.map((one) => [resourceKey(one), ""]));
  let isEmpty = true;
  for (const source of sources) {
    const { objects, errors: unreadable } = parseText(source, variables);
    errors.push(...unreadable);
    if (objects.length > 0) isEmpty = false;
    for (const object of objects) {
      const report = (problems: readonly Problem[], to: ManifestProblem[]) => {
        const told = problems.filter(({ path }) => !object.isUnset(path)); // the variable is told of
        to.push(...told.map((problem) => place(object, problem)));
      };
      const result = read(object, { namespace, definitions: definitions ?? new Map() });
      if (result.key !== null) {
        const first = named.get(result.key);
        if (first)
          report(
            [{ path: ["metadata", "name"], message: `is there already, at ${first}` }],
            errors,
          );
        else named.set(result.key, `${source.name}:${object.lineOf([])}`);
        report(rivalProblems(result.key, named), errors);
      }
      report(result.errors, errors);
      report(result.warnings, warnings);
      if (result.resource === null) continue;
      const { lineOf, isUnset } = object;
      const line = lineOf([]);
      resources.push({ resource: result.resource, file: source.name, line, lineOf, isUnset });
    }
  }
  errors.push(...checkReferences(resources, new Set(named.keys())));
  const clashes = portClashes(resources, existing);
  errors.push(...clashes.errors);
  if (isEmpty && errors.length === 0) errors.push(...sources.slice(0, 1).map(nothingIn));
  if (errors.length === 0) warnings.push(...clashes.warnings, ...consequences(resources, existing));
  return { resources, errors: inTextOrder(errors, files), warnings: inTextOrder(warnings, files) };
}

/** A file that was cut off, or a pipe that brought nothing: not the wish that all of its objects go. */
function nothingIn({ name }: Source): ManifestProblem {
  return { file: name, line: 1, subject: "", message: "there is no object in it" };
}

interface ReadResult {
  readonly resource: KnownResource | null;
  /** `<Kind>/<namespace>/<name>`, where the object has one. */
  readonly key: string | null;
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

function read(
  object: TextObject,
  { namespace, definitions }: { readonly namespace: string; readonly definitions: Definitions },
): ReadResult {
  const nothing: ReadResult = { resource: null, key: null, errors: [], warnings: [] };
  const type = typeOf(object.value);
  if (type === null) {
    const isObject = isRecord(object.value);
    const field =
      isObject && typeof object.value["apiVersion"] === "string" ? "kind" : "apiVersion";
    const problem: Problem = isObject
      ? { path: [field], message: "required, as text" }
      : { path: [], message: "expected an object with apiVersion, kind, metadata and spec" };
    return { ...nothing, errors: [problem] };
  }
  const kind = kindOf(object.value);
  if (kind === null) {
    const judged = judgeUnknownKind(type.apiVersion, type.kind);
    return judged.outcome === "skip"
      ? { ...nothing, warnings: [{ path: [], message: judged.message }] }
      : { ...nothing, errors: [{ path: [judged.field], message: judged.message }] };
  }
  if (kind.isMade) {
    const message = `the control plane makes ${kind.kind}s`;
    return { ...nothing, errors: [{ path: ["kind"], message }] };
  }
  const value = kind.isNamespaced ? inNamespace(object.value, namespace) : object.value;
  const key = keyOf(value);
  const checked = checkResource(kind, value);
  if (!checked.ok) return { ...nothing, key, errors: checked.problems };
  const resource = atHome(checked.resource, object.source.folder);
  if (resource.kind !== "Contract") return { resource, key, errors: [], warnings: checked.notes };
  const { contract, problem } = withOperations(resource, definitions);
  const errors = problem === null ? [] : [problem];
  return { resource: contract, key, errors, warnings: checked.notes };
}

function inNamespace(value: unknown, namespace: string): unknown {
  if (!isRecord(value) || !isRecord(value["metadata"])) return value;
  return { ...value, metadata: { namespace, ...value["metadata"] } };
}

function keyOf(value: unknown): string | null {
  if (!isRecord(value) || !isRecord(value["metadata"])) return null;
  const { name, namespace } = value["metadata"];
  return typeof name === "string"
    ? `${kindTitle(String(value["apiVersion"]), String(value["kind"]))}/${String(namespace ?? defaultNamespace)}/${name}`
    : null;
}

/** A rival in the text; whether one that the mesh has is to stay only the API knows. */
function rivalProblems(key: string, named: ReadonlyMap<string, string>): readonly Problem[] {
  const [kind = "", namespace = "", name = ""] = key.split("/");
  const rival = rivalKind(kind);
  const where = rival === null ? "" : (named.get(`${rival}/${namespace}/${name}`) ?? "");
  if (rival === null || where === "") return [];
  return [{ path: ["metadata", "name"], message: rivalMessage(rival, name, where) }];
}

/** A Process runs in its manifest's folder, wherever `heddle` itself was started; a definition is found from there. */
function atHome(resource: KnownResource, folder: string): KnownResource {
  if (resource.kind === "Contract") {
    const definition = absoluteReference(resource.spec.definition, folder);
    return { ...resource, spec: { ...resource.spec, definition } };
  }
  if (resource.kind !== "Process") return resource;
  const workingDir = resolve(folder, resource.spec.workingDir ?? ".");
  return { ...resource, spec: { ...resource.spec, workingDir } };
}

function place(object: TextObject, problem: Problem): ManifestProblem {
  return {
    file: object.source.name,
    line: object.lineOf(problem.path),
    subject: subjectOf(object.value),
    message: formatProblem(problem),
  };
}

/** `Process/kvs`, as far as the object says. */
function subjectOf(value: unknown): string {
  if (!isRecord(value) || typeof value["kind"] !== "string") return "";
  const metadata = value["metadata"];
  const name = isRecord(metadata) ? metadata["name"] : undefined;
  return typeof name === "string" ? `${value["kind"]}/${name}` : value["kind"];
}
