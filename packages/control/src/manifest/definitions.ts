import { resolve } from "node:path";
import { defaultKey } from "@heddle/mesh/contract/http-binding.ts";
import type { OperationDoc } from "@heddle/mesh/model/document.ts";
import type { Contract } from "@heddle/mesh/resource/heddle/contract.ts";
import type { ContractOperation } from "@heddle/mesh/resource/heddle/contract-operation.ts";
import type { Problem } from "@heddle/mesh/resource/schema/problem.ts";
import type { ManifestResource } from "./manifest-resource.ts";

/** The `http` parts of definitions, by reference as `absoluteReference` spells it; a sentence where there is none. */
export type Definitions = ReadonlyMap<string, readonly OperationDoc[] | string>;

/** `./kvs.contract.ts#kvs` as a path that means the same everywhere; a shipped definition's name stays as it is. */
export function absoluteReference(definition: string, folder: string): string {
  const { file, name } = parseReference(definition);
  return file === null ? definition : `${resolve(folder, file)}#${name}`;
}

/** A file and its export, by default `default`; a file of null: the name of a shipped definition. */
export function parseReference(definition: string): {
  readonly file: string | null;
  readonly name: string;
} {
  const hash = definition.lastIndexOf("#");
  if (hash !== -1) return { file: definition.slice(0, hash), name: definition.slice(hash + 1) };
  const isFile = /[/\\]|\.[cm]?[jt]s$/.test(definition);
  return isFile ? { file: definition, name: "default" } : { file: null, name: definition };
}

/** All that Contracts name, each once. */
export function definitionsNamed(resources: readonly ManifestResource[]): readonly string[] {
  const named = resources.flatMap(({ resource }) =>
    resource.kind === "Contract" ? [resource.spec.definition] : [],
  );
  return [...new Set(named)];
}

/**
 * The Contract with what its definition says of requests: `operations`, and where it names no key the one that all of them
 * take. Unchanged where the definition was not looked for.
 */
export function withOperations(
  contract: Contract,
  definitions: Definitions,
): { readonly contract: Contract; readonly problem: Problem | null } {
  const found = definitions.get(contract.spec.definition);
  if (found === undefined) return { contract, problem: null };
  if (typeof found === "string") {
    return { contract, problem: { path: ["spec", "definition"], message: found } };
  }
  const { key = defaultKey(found) } = contract.spec;
  if (key !== null && !found.some(({ takes }) => takes.includes(key))) {
    const message = `no operation of ${contract.spec.definition} takes ${JSON.stringify(key)}`;
    return { contract, problem: { path: ["spec", "key"], message } };
  }
  const operations = found.map(operationSpec);
  const spec = { ...contract.spec, operations, ...(key === null ? {} : { key }) };
  return { contract: { ...contract, spec }, problem: null };
}

/** As the resource says it: what is none is left out. */
function operationSpec(doc: OperationDoc): ContractOperation {
  const { query, fields, body, gives, refused, ...rest } = doc;
  return {
    ...rest,
    path: doc.path.map((part) => ({ ...part })),
    ...(query.length > 0 && { query }),
    ...(fields.length > 0 && { fields }),
    ...(body !== null && { body }),
    ...(gives !== null && { gives }),
    ...(refused.length > 0 && { refused }),
  };
}
