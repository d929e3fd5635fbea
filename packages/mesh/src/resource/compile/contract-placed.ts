import type { OperationDoc, PlacementDoc, PlacementKeyDoc } from "../../model/document.ts";
import type { Service } from "../core/service.ts";
import type { Contract } from "../heddle/contract.ts";
import { operationDoc } from "../heddle/contract-operation.ts";
import type { Process } from "../heddle/process.ts";
import { type ConditionClaim, namespaceOf } from "../meta.ts";
import { claim, type Refusal } from "./claims.ts";
import { selects } from "./workload-view.ts";

export interface PlacedInputs {
  readonly findService: (key: string) => Service | null;
  /** The Placement in force on a service; null: none. */
  readonly placementOf: (key: string) => PlacementDoc | null;
  readonly processes: Iterable<Process>;
}

/**
 * `Placed`: does each key of a Contract whose operations change state stay with one process? What can be told from intent
 * alone, before there is any traffic. Where a route sends requests to other Services those have Contracts of their own.
 */
export function placedClaim(contract: Contract, inputs: PlacedInputs): ConditionClaim {
  const { operations } = contract.spec;
  if (operations == null) {
    const message = "Nobody knows yet which operations change state: spec.operations is missing.";
    return { type: "Placed", status: "Unknown", reason: "NoOperations", message };
  }
  const docs = operations.map(operationDoc);
  const whenTrue = { reason: "Placed", message: "Each key stays with one process." };
  if (!docs.some(({ changes }) => changes)) {
    const message = "No operation changes state: any process may answer.";
    return claim("Placed", [], { reason: "Stateless", message });
  }
  const refusals = contract.spec.targetRefs.flatMap(({ name }) => {
    const key = `${namespaceOf(contract)}/${name}`;
    const service = inputs.findService(key);
    const count = service === null ? 0 : processesOf(service, inputs.processes);
    if (count < 2) return [];
    return refusalOf(contract, docs, { name, count, placement: inputs.placementOf(key) }) ?? [];
  });
  return claim("Placed", refusals, whenTrue);
}

/** How many processes Processes run for a Service. */
function processesOf(service: Service, processes: Iterable<Process>): number {
  let count = 0;
  for (const process of processes) {
    const { labels = {} } = process.metadata;
    if (selects(service, { namespace: namespaceOf(process), labels })) {
      count += process.spec.replicas ?? 1;
    }
  }
  return count;
}

interface Target {
  /** Of the Service. */
  readonly name: string;
  readonly count: number;
  readonly placement: PlacementDoc | null;
}

function refusalOf(
  contract: Contract,
  operations: readonly OperationDoc[],
  { name, count, placement }: Target,
): Refusal | null {
  const { key } = contract.spec;
  const said = `Contract ${contract.metadata.name} keeps state`;
  if (key == null) {
    const message = `${said} for Service ${name} as a whole, and ${count} processes answer for it. One process would keep it: replicas: 1.`;
    return { reason: "StateMaySplit", message };
  }
  const wanted = keyOf(key, operations);
  if (wanted !== null && placement !== null && binds(placement, wanted)) return null;
  const problem = `${said} by ${key}, and ${count} processes of Service ${name} answer for each ${key}${why(placement, wanted)}.`;
  const cure =
    wanted === null
      ? `No Placement can bind it, because ${key} is not in one place in all operations: one process would keep it.`
      : `This Placement cures it (heddle explain placement): ${cureOf(contract, name, wanted)}`;
  return { reason: "KeyMayMove", message: `${problem} ${cure}` };
}

/** Where all operations carry the key, as a Placement says it; null: in several places. */
function keyOf(key: string, operations: readonly OperationDoc[]): PlacementKeyDoc | null {
  const places = operations.map((operation) => placeOf(key, operation));
  const [first = null] = places;
  if (first === null) return null;
  const isSame = places.every((one) => JSON.stringify(one) === JSON.stringify(first));
  return isSame ? first : null;
}

function placeOf(key: string, { path, query, fields }: OperationDoc): PlacementKeyDoc | null {
  const typed = (type: string) => (type === "integer" ? "integer" : "text");
  const index = path.findIndex((part) => "parameter" in part && part.parameter === key);
  const part = path[index];
  if (part !== undefined && "parameter" in part) {
    return { from: { kind: "path-segment", index: index + 1 }, type: typed(part.type) };
  }
  const inQuery = query.find(({ parameter }) => parameter === key);
  if (inQuery !== undefined) {
    return { from: { kind: "query", name: inQuery.name }, type: typed(inQuery.type) };
  }
  const inField = fields.find(({ parameter }) => parameter === key);
  if (inField === undefined) return null;
  return { from: { kind: "header", name: inField.name }, type: typed(inField.type) };
}

/** Equal keys have one process for ever. Keys that differ as text may share one as integers; not the other way. */
function binds({ key, whenAway }: PlacementDoc, wanted: PlacementKeyDoc): boolean {
  const isPlace = JSON.stringify(key.from) === JSON.stringify(wanted.from);
  const isType = key.type === wanted.type || key.type === "integer";
  return isPlace && isType && whenAway !== "move";
}

function why(placement: PlacementDoc | null, wanted: PlacementKeyDoc | null): string {
  if (placement === null || wanted === null) return "";
  const isPlace = JSON.stringify(placement.key.from) === JSON.stringify(wanted.from);
  if (!isPlace) return `, for Placement ${placement.name} has another key`;
  if (placement.whenAway === "move") {
    return `, for Placement ${placement.name} moves keys while their process is away`;
  }
  return `, for Placement ${placement.name} reads it as text, and 7 and 007 are one key`;
}

/** One line of YAML. */
function cureOf(contract: Contract, service: string, { from, type }: PlacementKeyDoc): string {
  const namespace = namespaceOf(contract);
  const named = `name: ${service}-by-${contract.spec.key}${namespace === "default" ? "" : `, namespace: ${namespace}`}`;
  const place =
    from.kind === "path-segment"
      ? `pathSegment: ${from.index}`
      : `${from.kind}: ${JSON.stringify("name" in from ? from.name : true)}`;
  return `{ apiVersion: heddle.dev/v1alpha1, kind: Placement, metadata: { ${named.toLowerCase()} }, spec: { targetRefs: [{ group: "", kind: Service, name: ${service} }], key: { ${place}, type: ${type} } } }`;
}
