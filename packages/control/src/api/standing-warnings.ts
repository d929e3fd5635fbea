import type { MeshIndex, ParentClaims } from "@heddle/mesh/resource/compile.ts";
import type { ParentReference } from "@heddle/mesh/resource/gateway-api/reference.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { oneEach } from "../status/claimed-events.ts";
import { resourceOf } from "../watch/claimed.ts";
import type { CheckData } from "./verbs.ts";

/** What people should know of resources and no condition says: they have none, or nobody is there to state it. */
export function standingWarnings(index: MeshIndex): CheckData["warnings"] {
  return [...index.outputs.claims].flatMap(([resource, { events = [], parents }]) => {
    const told = oneEach(events)
      .filter(({ type }) => type === "Warning")
      .map(({ reason, message }) => ({ resource, reason, message }));
    if (parents === undefined) return told;
    const reason = "NoMatchingParent";
    const nobodys = parentsOfNobody(resourceOf(index, resource), parents);
    return [...told, ...nobodys.map((message) => ({ resource, reason, message }))];
  });
}

/** Parents of a route that say nothing of it: Gateways that are not there, or another controller's. */
function parentsOfNobody(
  route: Resource | null,
  claims: readonly ParentClaims[],
): readonly string[] {
  const { parentRefs = [] } = (route?.spec ?? {}) as {
    readonly parentRefs?: readonly ParentReference[];
  };
  return parentRefs.flatMap(({ kind = "Gateway", name }, index) =>
    claims.some(({ parent }) => parent === index)
      ? []
      : `spec.parentRefs[${index}]: no ${kind} ${name} of heddle's is there to attach it to.`,
  );
}
