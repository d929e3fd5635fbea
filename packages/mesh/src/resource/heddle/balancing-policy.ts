import { type PickerName, pickerNames } from "../../model/policy.ts";
import { sessionPersistence } from "../gateway-api/session-persistence.ts";
import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import { headerName, labelValue, qualifiedName } from "../schema/formats.ts";
import type { Problems } from "../schema/problem.ts";
import {
  boolean,
  defaulted,
  integer,
  list,
  object,
  oneOf,
  required,
  type TypeOf,
  text,
} from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";
import { percent, someTime } from "./policy-formats.ts";
import { onServicesAlone, policyTargetNames, policyTargets, saysOneOf } from "./policy-target.ts";

/** Where a request carries what tends to keep it at one endpoint: exactly one of these. */
const affinityKey = object(
  {
    header: headerName,
    cookie: headerName,
    /** Of the path; 1 is the first. */
    pathSegment: integer({ minimum: 1, maximum: 64 }),
    query: text({ minLength: 1, maxLength: 256 }),
    /** The caller's workload, or a client's address at a gateway. */
    source: boolean(),
    identity: boolean(),
  },
  (key, problems) => {
    if (Object.values(key).filter((way) => way !== undefined).length !== 1) {
      problems.add("expected one of header, cookie, pathSegment, query, source, identity");
    }
    if (key.source === false) problems.add("expected true", "source");
    if (key.identity === false) problems.add("expected true", "identity");
  },
);

const affinity = object({
  /** The first that a request has counts; one without any of them goes anywhere. */
  keys: required(list(affinityKey, { minItems: 1, maxItems: 8 })),
  /** Least entries of the ring, or size of Maglev's table. Default: by the number of endpoints. */
  tableSize: integer({ minimum: 1, maximum: 8_388_608 }),
});

const slowStart = object({
  window: defaulted(someTime, "30s"),
  /** 100: linear; more: faster at first (Envoy `aggression`, in hundredths). */
  aggressionPercent: defaulted(integer({ minimum: 1, maximum: 10_000 }), 100),
  /** Share of its part that a new endpoint is given at once. Envoy: 10. */
  weightPercentMin: defaulted(percent, 10),
});

const zones = object({
  /** Below so many endpoints zones say nothing. Envoy: 6. */
  endpointsMin: defaulted(integer({ minimum: 0, maximum: 10_000 }), 6),
  /** The own zone suffices while its well share × this is 100 or more. Envoy: 140. */
  overprovisioningPercent: defaulted(integer({ minimum: 100, maximum: 1000 }), 140),
});

const subset = object({
  labels: required(
    list(
      object(
        {
          label: required(qualifiedName),
          value: labelValue,
          /** The label's value is what this field of the request says. */
          header: headerName,
        },
        ({ value, header }, problems) => {
          if ((value === undefined) === (header === undefined)) {
            problems.add("expected one of value, header");
          }
        },
      ),
      { minItems: 1, maxItems: 16, uniqueBy: ["label"] },
    ),
  ),
  /** Where no endpoint has the labels: `any`, or `none`, which fails as no-endpoint. */
  fallback: defaulted(oneOf("any", "none"), "none"),
});

const hashing: readonly string[] = ["ring-hash", "maglev"];

export const balancingPolicySpec = object(
  {
    targetRefs: policyTargets,
    /** Default p2c-ewma; with `affinity` maglev. Wins over the Service's annotation. */
    picker: oneOf(...pickerNames),
    affinity,
    slowStart,
    zones,
    /** Below this share of usable endpoints all are used, well or not; 0: never. Envoy: 50. */
    panicPercent: percent,
    subset,
    /** In the words of the Gateway API (GEP-1619): a stanza moves between the kinds as it is. Name: `heddle-session`. */
    sessionPersistence,
  },
  saysOneOf(
    "picker",
    "affinity",
    "slowStart",
    "zones",
    "panicPercent",
    "subset",
    "sessionPersistence",
  ),
  onServicesAlone("picker", "affinity", "slowStart", "zones", "panicPercent"),
  checkAffinity,
);

const balancingPolicyStatus = object({ conditions });

export type BalancingPolicySpec = TypeOf<typeof balancingPolicySpec>;
export type BalancingPolicy = ResourceOf<
  "BalancingPolicy",
  BalancingPolicySpec,
  TypeOf<typeof balancingPolicyStatus>
>;

/** `heddle.dev BalancingPolicy`: how callers choose among the endpoints. */
export const balancingPolicyKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "BalancingPolicy",
  plural: "balancingpolicies",
  isNamespaced: true,
  spec: balancingPolicySpec,
  status: balancingPolicyStatus,
  columns: [
    { name: "TARGET", type: "text", value: policyTargetNames },
    { name: "PICKER", type: "text", value: (one) => pickerOfPolicy(specOf(one)) },
    { name: "AFFINITY", type: "text", value: (one) => affinityOf(specOf(one)) },
    {
      name: "SESSION",
      type: "text",
      value: (one) => specOf(one).sessionPersistence?.type ?? null,
    },
    {
      name: "SUBSET",
      type: "text",
      isWide: true,
      value: (one) =>
        specOf(one)
          .subset?.labels.map(({ label }) => label)
          .join(",") ?? null,
    },
  ],
});

/** The picker that the policy comes to; null: it says none. */
export function pickerOfPolicy({ picker, affinity: keys }: BalancingPolicySpec): PickerName | null {
  return picker ?? (keys === undefined ? null : "maglev");
}

function affinityOf({ affinity: given }: BalancingPolicySpec): string | null {
  if (given === undefined) return null;
  return given.keys
    .map((key) => {
      const [way, name] = Object.entries(key).find(([, value]) => value !== undefined)!;
      return name === true ? way : `${way} ${name}`;
    })
    .join(",");
}

function checkAffinity(
  { picker, affinity: keys }: { readonly picker?: string; readonly affinity?: unknown },
  problems: Problems,
): void {
  if (picker === undefined) return;
  const isHashing = hashing.includes(picker);
  if (isHashing && keys === undefined) problems.add(`required for ${picker}`, "affinity");
  if (!isHashing && keys !== undefined) {
    problems.add(`expected ${hashing.join(" or ")} with affinity, got "${picker}"`, "picker");
  }
}

function specOf(resource: Resource): BalancingPolicySpec {
  return resource.spec as BalancingPolicySpec;
}
