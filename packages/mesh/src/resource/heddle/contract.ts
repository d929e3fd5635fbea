import { buildKind } from "../kind.ts";
import { type Condition, conditions, type Resource, type ResourceOf } from "../meta.ts";
import { headerName } from "../schema/formats.ts";
import {
  defaulted,
  integer,
  list,
  object,
  oneOf,
  required,
  type TypeOf,
  text,
} from "../schema/schema.ts";
import { checkKey, contractOperation } from "./contract-operation.ts";
import { heddleGroup, heddleVersion } from "./group.ts";
import { serviceTargets, targetNames } from "./target.ts";

/** What a Service promises its callers, and how much of its traffic is recorded to check that. */
export const contractSpec = object(
  {
    targetRefs: serviceTargets,
    /** `<file>#<export>` or the name of a shipped definition; resolved and run by the CLI, kept as given. */
    definition: required(text({ minLength: 1, maxLength: 4096 })),
    consistency: required(oneOf("caller", "monotonic-reads", "read-your-writes", "linearizable")),
    /** The parameter that is the key; without one the whole Service is one object. */
    key: text({ minLength: 1, maxLength: 64 }),
    /** How much is recorded: whole keys, so that each of them can be judged. */
    sampling: object({
      keysPercent: defaulted(integer({ minimum: 1, maximum: 100 }), 100),
    }),
    /** Are bodies recorded as keyed hashes, or as they are? Numbers are recorded as they are. */
    values: defaulted(oneOf("hashed", "clear"), "hashed"),
    /** A longer body is not recorded, in octets. */
    valueBytesMax: defaulted(integer({ minimum: 0, maximum: 65_536 }), 1024),
    /** Tells callers behind one connection apart. */
    callerHeader: headerName,
    /** The `http` part of the definition as data: the CLI fills it in. */
    operations: list(contractOperation, { minItems: 1, maxItems: 256, uniqueBy: ["name"] }),
  },
  ({ key, operations }, problems) => {
    if (key !== undefined && operations !== undefined) checkKey(key, operations, problems);
  },
);

const contractStatus = object({ conditions });

export type ContractSpec = TypeOf<typeof contractSpec>;
export type Contract = ResourceOf<"Contract", ContractSpec, TypeOf<typeof contractStatus>>;

/** `heddle.dev Contract`: attaches a definition to a Service. */
export const contractKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "Contract",
  plural: "contracts",
  isNamespaced: true,
  spec: contractSpec,
  status: contractStatus,
  columns: [
    { name: "SERVICE", type: "text", value: (resource) => targetNames(specOf(resource)) },
    { name: "DEFINITION", type: "text", value: (resource) => specOf(resource).definition },
    { name: "CONSISTENCY", type: "text", value: (resource) => specOf(resource).consistency },
    { name: "VERDICT", type: "text", value: verdictOf },
  ],
});

/** The condition that `heddle verify` sets. */
export const holdsCondition = "Holds";

/** `holds`, `violated`, `undecided`: what it last came to; null: it was not verified yet. */
export function verdictOf(resource: Resource): string | null {
  const { conditions = [] } = (resource.status ?? {}) as {
    readonly conditions?: readonly Condition[];
  };
  const holds = conditions.find(({ type }) => type === holdsCondition);
  if (holds === undefined) return null;
  return { True: "holds", False: "violated", Unknown: "undecided" }[holds.status];
}

function specOf(resource: Resource): ContractSpec {
  return resource.spec as ContractSpec;
}
