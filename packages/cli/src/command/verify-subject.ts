import type { ContractRow, MeshInfo } from "@heddle/control/api/verbs.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { brokenAxiom } from "@heddle/mesh/contract/broken-axiom.ts";
import { type CheckLimits, checkContract } from "@heddle/mesh/contract/check-contract.ts";
import { checkKey } from "@heddle/mesh/contract/check-key.ts";
import type { Definition } from "@heddle/mesh/contract/definition.ts";
import { sequentialModel } from "@heddle/mesh/contract/model.ts";
import type { Operation } from "@heddle/mesh/contract/operation.ts";
import { ValueRecorder } from "@heddle/mesh/contract/recorded-value.ts";
import type { Cut } from "@heddle/mesh/contract/segments.ts";
import type { Initial } from "@heddle/mesh/contract/sequential.ts";
import type { Verdict } from "@heddle/mesh/contract/verdict.ts";
import type { ContractDoc } from "@heddle/mesh/model/document.ts";
import { findKindByWord } from "@heddle/mesh/resource/index.ts";
import { ApiClient } from "../api/client.ts";
import { loadDefinition } from "../api/definition.ts";
import { exits, Fault } from "../render/fault.ts";
import { find } from "./get.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { meshOf, type World } from "./world.ts";

/** A service whose Contract is verified. */
export interface Subject {
  readonly api: ApiClient;
  readonly namespace: string;
  readonly service: string;
  readonly row: ContractRow;
  readonly doc: ContractDoc;
  readonly definition: Definition;
}

/** Finds the Contract and runs its definition. @throws Fault where there is none, or it does not hold. */
export async function openSubject(
  world: World,
  service: string,
  options: VerifyOptions,
): Promise<Subject> {
  const stateDir = await meshOf(world, options);
  const api = ApiClient.open(stateDir);
  const namespace = options.namespace ?? "default";
  const query = { service, namespace };
  const rows = await api.verb<readonly ContractRow[]>("contracts", { query });
  if (rows.length === 0) throw await noContract(world, api, service, namespace);
  const row = rows.find(({ doc }) => doc !== null) ?? rows[0]!;
  if (row.doc === null) {
    const why = row.conditions.find(({ status }) => status === "False")?.message;
    throw new Fault(
      exits.no,
      `Contract ${row.name} does not hold for Service ${service}: ${why ?? "nobody says why"}`,
      `${world.program} describe contract ${row.name}`,
    );
  }
  const definition = await loadDefinition(row.definition, stateDir);
  const problem = checkKey(definition, row.doc.key, new SeededRng(1));
  if (problem !== null) {
    throw new Fault(
      exits.badInput,
      `Contract ${row.name}, definition ${definition.name}, key ${row.doc.key}: ${problem}`,
      "the key is a parameter that all operations take: give those that pass from one to another other names (from, to), and the Service is one object",
    );
  }
  return { api, namespace, service, row, doc: row.doc, definition };
}

async function noContract(
  world: World,
  api: ApiClient,
  service: string,
  namespace: string,
): Promise<Fault> {
  const { profile } = await api.verb<MeshInfo>("info");
  if (profile === "walk") {
    const why = "the Walk profile knows processes and files only, no services and no Contracts";
    return new Fault(
      exits.no,
      why,
      "verify it in the Run profile, from the manifest it was compiled from",
    );
  }
  await find(api, { kind: findKindByWord("service")!, names: [service] }, { namespace });
  const rows = await api.verb<readonly ContractRow[]>("contracts");
  const others = rows.map((row) => {
    const flag = row.namespace === "default" ? "" : ` -n ${row.namespace}`;
    return `${world.program} verify ${row.service}${flag}`;
  });
  return new Fault(
    exits.no,
    `Service ${service} in namespace ${namespace} has no Contract: nothing was said that could be verified`,
    `${world.program} explain contract`,
    "a Contract names the Service and a definition, shipped or in a file of yours: docs/contracts.md leads there",
    ...others.slice(0, 3),
  );
}

/** What is judged, and what is known of it. */
export interface Evidence {
  readonly operations: readonly Operation[];
  readonly initialOf: (key: string) => Initial;
  /** Did the key begin as `empty`, so that axioms about it are meant? Default: as `initialOf` says. */
  readonly isNew?: (key: string) => boolean;
  readonly cutsOf?: (key: string) => readonly Cut[];
  readonly assumptions: readonly string[];
  /** Were values recorded in clear by whoever asked? */
  readonly isClear: boolean;
}

/** Judges the subject's Contract on a history. */
export function judge(
  world: World,
  { row, doc, definition, service }: Subject,
  evidence: Evidence,
  limits: Partial<CheckLimits> = {},
): Verdict {
  const { clock } = world;
  const { initialOf, cutsOf, isNew = (key) => initialOf(key).kind === "empty" } = evidence;
  const hashes = evidence.isClear ? null : new ValueRecorder(doc);
  return checkContract({
    contract: row.name,
    service,
    consistency: row.consistency,
    operations: evidence.operations,
    model: sequentialModel(definition, { key: doc.key, hashes }),
    initialOf,
    ...(cutsOf === undefined ? {} : { cutsOf }),
    wallOffsetMs: clock.wallMs() - clock.monotonicMs(),
    clock,
    limits,
    axiomOf: (example) => brokenAxiom(definition, example, isNew(example.key)),
    assumptions: evidence.assumptions,
  });
}
