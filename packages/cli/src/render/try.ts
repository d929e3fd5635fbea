import type { Resource } from "@heddle/mesh/resource/meta.ts";

interface RouteSpec {
  readonly parentRefs?: readonly { readonly kind?: string; readonly name: string }[];
  readonly rules?: readonly {
    readonly matches?: readonly {
      readonly path?: { readonly type?: string; readonly value?: string };
    }[];
    readonly backendRefs?: readonly { readonly name: string }[];
  }[];
}

interface PlacementSpec {
  readonly targetRefs: readonly { readonly name: string }[];
  readonly key: { readonly pathSegment?: number; readonly type?: string };
}

/**
 * A first request to try through a gateway at `url`: to what its first rule leads to. Where the service there keeps
 * state by a number in the path, as its Placement says, one that writes and one that reads.
 */
export function tryCommand(
  url: string,
  gateway: string,
  resources: readonly Resource[],
): string | null {
  const route = resources.find(
    ({ kind, spec }) =>
      kind === "HTTPRoute" &&
      (spec as RouteSpec).parentRefs?.some(
        (parent) => parent.name === gateway && (parent.kind ?? "Gateway") === "Gateway",
      ),
  );
  const rule = (route?.spec as RouteSpec | undefined)?.rules?.[0];
  if (rule === undefined) return null;
  const path = (rule.matches?.[0]?.path?.value ?? "/").replace(/\/$/, "");
  const service = rule.backendRefs?.[0]?.name;
  const isKeyed = resources.some(({ kind, spec }) => {
    if (kind !== "Placement") return false;
    const { targetRefs, key } = spec as PlacementSpec;
    const isOurs = targetRefs.some((target) => target.name === service);
    return isOurs && key.pathSegment === 1 && key.type === "integer";
  });
  const base = url.replace(/\/$/, "");
  if (!isKeyed) return `curl ${base}${path}/`;
  return `curl -X PUT --data hello ${base}${path}/1 && curl ${base}${path}/1`;
}
