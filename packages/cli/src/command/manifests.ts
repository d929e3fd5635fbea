import { definitionsNamed } from "@heddle/control/manifest/definitions.ts";
import { loadManifests } from "@heddle/control/manifest/load.ts";
import type { ManifestResource } from "@heddle/control/manifest/manifest-resource.ts";
import { formatProblems, type ManifestProblem } from "@heddle/control/manifest/problem.ts";
import { readSources } from "@heddle/control/manifest/source.ts";
import { type KnownResource, kinds } from "@heddle/mesh/resource/index.ts";
import type { ApiClient } from "../api/client.ts";
import { loadDefinitions } from "../api/definition.ts";
import type { StatusError } from "../api/status-error.ts";
import { exits, Fault } from "../render/fault.ts";
import type { World } from "./world.ts";

/** Manifests that may be applied. */
export interface ManifestSet {
  readonly resources: readonly KnownResource[];
  readonly places: readonly ManifestResource[];
  /** One line each. */
  readonly warnings: readonly string[];
}

/** Manifests with errors: every one of them, one line each, as `heddle apply` prints them. */
export class ManifestFault extends Error {
  override readonly name = "ManifestFault";
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join("\n"));
    this.lines = lines;
  }
}

/**
 * Reads and checks manifests.
 * @throws ManifestFault with all errors; Fault where a file cannot be read.
 */
export async function readManifests(
  world: World,
  paths: readonly string[],
  existing: readonly KnownResource[] = [],
): Promise<ManifestSet> {
  const { sources, failures } = await readSources(paths, {
    workingFolder: world.cwd,
    readInput: readStandardInput,
  });
  if (failures.length > 0) {
    throw new ManifestFault(failures.map(({ name, message }) => `${name}: ${message}`));
  }
  // Compiled manifests start heddle itself: by this name unless the environment has another.
  const variables = { HEDDLE: world.programPath, ...world.env };
  const named = definitionsNamed(loadManifests(sources, { variables, existing }).resources);
  const definitions = await loadDefinitions(named);
  const loaded = loadManifests(sources, { variables, existing, definitions });
  if (loaded.errors.length > 0) throw new ManifestFault(formatProblems(loaded.errors));
  return {
    resources: loaded.resources.map(({ resource }) => resource),
    places: loaded.resources,
    warnings: formatProblems(loaded.warnings),
  };
}

/** All that people have stated to this mesh, for references that lead out of a manifest. */
export async function listIntent(api: ApiClient): Promise<readonly KnownResource[]> {
  const stated = kinds.filter((kind) => !kind.isMade);
  const lists = await Promise.all(stated.map((kind) => api.list(kind, null)));
  return lists.flat() as readonly KnownResource[];
}

/** What the API server says against a set, with the places in the manifests where they can be told. */
export function refusalLines(set: ManifestSet, error: StatusError): readonly string[] {
  const causes = error.status.details?.causes ?? [];
  if (causes.length === 0) return [error.message];
  const problems = causes.map(({ field = "", message }): ManifestProblem => {
    const [subject = "", path = ""] = field.split(" ");
    const place = set.places.find(
      ({ resource }) => `${resource.kind}/${resource.metadata.name}` === subject,
    );
    const said = path === "" ? message : `${path}: ${message}`;
    const line = place?.line ?? 0;
    return { file: place?.file ?? "mesh", line, subject, message: said };
  });
  return formatProblems(problems);
}

/** Says all that is wrong with manifests, and how many errors that is. Returns the exit code. */
export function tellManifestFault(
  world: World,
  { lines }: ManifestFault,
  ...counted: readonly [revision: number | null, done?: "applied" | "written"]
): number {
  world.err.write(lines.map((line) => `${line}\n`).join(""));
  world.err.write(`${formatErrorCount(lines.length, ...counted)}\n`);
  return exits.badInput;
}

/** The last line after errors: `4 errors, nothing applied; revision 7 still serves.` */
export function formatErrorCount(
  count: number,
  revision: number | null,
  done: "applied" | "written" = "applied",
): string {
  const errors = count === 1 ? "1 error" : `${count} errors`;
  const serves = revision === null ? "" : `; revision ${revision} still serves`;
  return `${errors}, nothing ${done}${serves}.`;
}

async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY === true) {
    throw new Fault(exits.usage, "nothing on standard input", "heddle apply -f - < mesh.yaml");
  }
  process.stdin.setEncoding("utf8");
  let text = "";
  for await (const piece of process.stdin) text += String(piece);
  return text;
}
