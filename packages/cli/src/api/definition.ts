import { statSync } from "node:fs";
import { registerHooks } from "node:module";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { readHostRecord } from "@heddle/control/host/state-dir.ts";
import {
  absoluteReference,
  type Definitions,
  parseReference,
} from "@heddle/control/manifest/definitions.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { checkDefinition, type DefinitionReport } from "@heddle/mesh/contract/check-definition.ts";
import { definitions as shipped } from "@heddle/mesh/contract/definition/index.ts";
import {
  type Definition,
  DefinitionError,
  isDefinition,
} from "@heddle/mesh/contract/definition.ts";
import type { OperationDoc } from "@heddle/mesh/model/document.ts";
import { didYouMean } from "@heddle/mesh/resource/schema/suggest.ts";
import { exits, Fault } from "../render/fault.ts";
import { bounded, isTooLong } from "./bounded.ts";

/**
 * Runs the definition that a Contract of this mesh names. A relative path, as it may come through the API, starts where the
 * mesh's manifest is.
 * @throws Fault that says what is wrong with it.
 */
export function loadDefinition(reference: string, stateDir: string): Promise<Definition> {
  return runDefinition(reference, dirname(readHostRecord(stateDir)?.files[0] ?? stateDir));
}

/**
 * Runs a definition: `kvs`, one that is shipped, or `./kvs.contract.ts#kvs`, an export of a file; relative paths start in
 * `folder`. Each axiom is tried against the model, so that whoever prints it with a tick has the right to. This is the
 * only place where heddle runs code of its users: in the command, never in a proxy or in the control plane.
 * @throws Fault that says what is wrong with it.
 */
export async function runDefinition(reference: string, folder: string): Promise<Definition> {
  const definition = await find(parseReference(absoluteReference(reference, folder)));
  const { axioms, problems } = tryDefinition(definition, reference);
  const refuted = axioms.flatMap(({ axiom, counterexample }) =>
    counterexample === null ? [] : [`its model does not keep ${axiom}: ${counterexample}`],
  );
  const [problem] = [...problems, ...refuted];
  if (problem === undefined) return definition;
  throw bad(`definition ${definition.name} of ${reference}: ${problem}`);
}

/** Trying a definition takes some 20 ms, and running its file no longer; what takes so many ms has no end. */
const TRY_MAX_MS = 20_000;

/** `checkDefinition`, of a model that may never come to an end. */
function tryDefinition(definition: Definition, reference: string): DefinitionReport {
  try {
    return bounded(() => checkDefinition(definition, new SeededRng(1)), TRY_MAX_MS);
  } catch (error) {
    const why = isTooLong(error)
      ? `after ${TRY_MAX_MS / 1000} s its model has not come to an end in a few small cases`
      : String(error);
    throw bad(`definition ${definition.name} of ${reference}: ${why}`);
  }
}

async function find({ file, name }: ReturnType<typeof parseReference>): Promise<Definition> {
  if (file !== null) return exportOf(await run(file), { file, name });
  const definition = Object.hasOwn(shipped, name) ? shipped[name] : undefined;
  if (definition !== undefined) return definition;
  const names = Object.keys(shipped);
  throw bad(
    `no definition ${JSON.stringify(name)} is shipped${didYouMean(name, names) || `, but ${names.join(", ")} are`}`,
    "a definition of your own is named as in ./kvs.contract.ts#kvs: docs/contracts.md",
  );
}

/** What definitions say of requests, by absolute reference; what is wrong with one is said in its place. */
export async function loadDefinitions(references: readonly string[]): Promise<Definitions> {
  const loaded = new Map<string, readonly OperationDoc[] | string>();
  for (const reference of references) {
    try {
      loaded.set(reference, (await runDefinition(reference, "/")).operations);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      loaded.set(reference, error.message);
    }
  }
  return loaded;
}

const ownSpecifier = "@heddle/mesh/contract";

async function run(file: string): Promise<Record<string, unknown>> {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) throw bad(`there is no file ${file}`);
  const url = pathToFileURL(file);
  // Run again where it was changed since: `up --watch` and `verify --watch` live for days.
  url.searchParams.set("changed", String(stats.mtimeMs));
  const ownUrl = import.meta.resolve(ownSpecifier);
  const timer = new AbortController();
  const hooks = registerHooks({
    // Whoever writes a definition need not install anything beside it.
    resolve: (specifier, context, next) =>
      specifier === ownSpecifier ? { url: ownUrl, shortCircuit: true } : next(specifier, context),
  });
  try {
    return await Promise.race([
      import(url.href) as Promise<Record<string, unknown>>,
      tooLong(timer.signal),
    ]);
  } catch (error) {
    throw bad(whyNot(error, file));
  } finally {
    timer.abort();
    hooks.deregister();
  }
}

/** A file that waits for what never comes. */
async function tooLong(signal: AbortSignal): Promise<never> {
  await setTimeout(TRY_MAX_MS, null, { signal });
  throw new Error(`it still waits for something after ${TRY_MAX_MS / 1000} s`);
}

function exportOf(
  exported: Record<string, unknown>,
  { file, name }: { readonly file: string; readonly name: string },
): Definition {
  const value = Object.hasOwn(exported, name) ? exported[name] : undefined;
  if (isDefinition(value)) return value;
  const names = Object.keys(exported).filter((one) => isDefinition(exported[one]));
  const others = names.length === 0 ? "" : `, but ${names.join(", ")}`;
  if (value === undefined) {
    const guess = didYouMean(name, names) || others;
    throw bad(`${file} exports no definition ${JSON.stringify(name)}${guess}`);
  }
  const isUnfinished = typeof value === "object" && value !== null && "heddle" in value;
  throw bad(
    isUnfinished
      ? `${name} of ${file} is not finished: .model(…) and .http(…) come last`
      : `${name} of ${file} is no definition, as algebra(…) of ${ownSpecifier} begins one${others}`,
  );
}

/** What a person can do something with: the definition's own problems, or what failed, and where in the file. */
function whyNot(error: unknown, file: string): string {
  if (!(error instanceof Error)) return `${file} throws ${String(error)}`;
  if (error instanceof DefinitionError) return `${file}: ${error.problems.join("; ")}`;
  const [first = ""] = error.message.replaceAll(/\?changed=[\d.]+/g, "").split("\n");
  return `${placeIn(error, file)}: ${error.name}: ${first.trim()}`;
}

/** The file, with line and column of its first frame; of a syntax error they stand above the message. */
function placeIn({ stack = "" }: Error, file: string): string {
  const path = RegExp.escape(file);
  const [, place] = new RegExp(`${path}(?:\\?changed=[\\d.]+)?(:\\d+(?::\\d+)?)`).exec(stack) ?? [];
  return `${file}${place ?? ""}`;
}

function bad(message: string, ...hints: readonly string[]): Fault {
  return new Fault(exits.badInput, message, ...hints);
}
