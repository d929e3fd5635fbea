import { buildKind, type Fields } from "../kind.ts";
import { namespaceOf, type Resource, type ResourceOf } from "../meta.ts";
import type { Problems } from "../schema/problem.ts";
import {
  type AnySchema,
  integer,
  list,
  object,
  oneOf,
  required,
  type Schema,
  type Typed,
  type TypeOf,
  text,
} from "../schema/schema.ts";
import { smiVersion, splitGroup, takeLaterFields, withLaterFields } from "./group.ts";
import { formatMilli, parseMilli } from "./quantity.ts";

/** `name`, `name.ns`, `name.ns.svc.cluster.local`: of the split's own namespace, whichever is written. */
const serviceName = text({
  minLength: 1,
  maxLength: 253,
  pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\.?$/,
  words: "a Service's name",
});

const match = object({
  apiGroup: text(),
  kind: required(oneOf("HTTPRouteGroup")),
  name: required(text({ minLength: 1, maxLength: 253 })),
});

const backend = object({
  service: required(serviceName),
  /** Its share is weight / sum of all. 0: no traffic. */
  weight: required(integer({ minimum: 0 })),
});

/** `500m`, `1`: Kubernetes' quantity, of which whole thousandths are kept. */
const quantity: Typed<string | number, AnySchema> = { type: "any", rules: [checkQuantity] };

const spec = object({
  /** What clients call: the root. */
  service: required(serviceName),
  /** HTTPRouteGroups: requests that one of their matches fits are split, others go to the root. Absent: all are split. */
  matches: list(match),
  backends: required(list(backend, { maxItems: 64 })),
});

/** Before v1alpha3 there are no matches. */
const older = (weight: Schema) =>
  object({
    service: required(serviceName),
    backends: required(
      list(object({ service: required(serviceName), weight: required(weight) }), { maxItems: 64 }),
    ),
  });

export type TrafficSplitSpec = TypeOf<typeof spec>;
export type TrafficSplit = ResourceOf<"TrafficSplit", TrafficSplitSpec, never>;

/** `split.smi-spec.io TrafficSplit`: shares of one service's traffic for others. What is wrong with one, its Events say. */
export const trafficSplitKind = buildKind({
  group: splitGroup,
  version: smiVersion,
  kind: "TrafficSplit",
  plural: "trafficsplits",
  shortNames: ["ts"],
  isNamespaced: true,
  spec,
  status: null,
  columns: [
    {
      name: "SERVICE",
      type: "text",
      value: (resource) => (resource.spec as Partial<TrafficSplitSpec>).service ?? null,
    },
    {
      name: "BACKENDS",
      type: "text",
      isWide: true,
      value: (resource) =>
        (resource.spec as Partial<TrafficSplitSpec>).backends
          ?.map(({ service, weight }) => `${service}:${weight}`)
          .join(",") ?? null,
    },
  ],
  served: [
    { version: "v1alpha3" },
    {
      version: "v1alpha2",
      spec: older(integer({ minimum: 0 })),
      toStored: (given) => converted(given, (weight) => weight as number),
      fromStored: (kept) => beforeMatches(kept, (weight) => weight),
    },
    {
      version: "v1alpha1",
      spec: older(quantity),
      // In thousandths, so that 1 to 500m stays 2 to 1.
      toStored: (given) => converted(given, (weight) => parseMilli(weight)!),
      fromStored: (kept) => beforeMatches(kept, formatMilli),
    },
  ],
});

/** The Service that a split means by `name`, `<namespace>/<name>`; null: it is of another namespace than the split. */
export function serviceOfSplit(split: Resource, name: string): string | null {
  const [short = "", namespace = namespaceOf(split)] = name.split(".");
  return namespace === namespaceOf(split) ? `${namespace}/${short}` : null;
}

interface OldSpec {
  readonly service: string;
  readonly backends: readonly { readonly service: string; readonly weight: string | number }[];
}

function converted(given: Fields, weightOf: (weight: string | number) => number): Fields {
  const { object: rest, fields } = takeLaterFields(given, ["matches"]);
  const { service, backends } = rest["spec"] as OldSpec;
  return { ...rest, spec: { service, ...fields, backends: reweighed(backends, weightOf) } };
}

function beforeMatches(
  { spec: kept, ...rest }: Fields,
  weightOf: (weight: number) => string | number,
): Fields {
  const { service, matches, backends } = kept as TrafficSplitSpec;
  const shown = { ...rest, spec: { service, backends: reweighed(backends, weightOf) } };
  return withLaterFields(shown, { matches });
}

function reweighed<A, B>(
  backends: readonly { readonly service: string; readonly weight: A }[],
  weightOf: (weight: A) => B,
): readonly { readonly service: string; readonly weight: B }[] {
  return backends.map(({ service, weight }) => ({ service, weight: weightOf(weight) }));
}

function checkQuantity(value: unknown, problems: Problems): void {
  const isOne =
    (typeof value === "string" || typeof value === "number") && parseMilli(value) !== null;
  if (!isOne)
    problems.add(
      `expected a quantity >= 0 in thousandths such as 1 or 500m, got ${JSON.stringify(value)}`,
    );
}
