import { isServiceParent } from "../gateway-api/reference.ts";
import type { UdpRoute } from "../gateway-api/udproute.ts";
import { namespacedName, namespaceOf } from "../meta.ts";
import type { Attachable } from "./attachable.ts";
import { accepted, type ParentClaims, resolvedRefs } from "./claims.ts";
import { routeAttachable } from "./route-claims.ts";

/** They are read and told that UDP is not carried, by each parent that is there. */
export const udpRoutes: Attachable<UdpRoute> = {
  targets: routeAttachable("UDPRoute").targets,
  claims: (route, world) => ({
    parents: (route.spec.parentRefs ?? []).flatMap((ref, parent): ParentClaims | [] => {
      const key = `${ref.namespace ?? namespaceOf(route)}/${ref.name}`;
      const isMesh = isServiceParent(ref);
      const isThere = (isMesh ? world.service(key) : world.gateway(key)) !== null;
      if (!isThere && !isMesh) return [];
      const refusal = isThere ? unsupported : notThere(key);
      const conditions = [accepted([refusal]), resolvedRefs([])];
      return { route: `UDPRoute/${namespacedName(route)}`, parent, conditions };
    }),
  }),
};

const unsupported = {
  reason: "UnsupportedValue",
  message: "heddle carries TCP alone: datagrams go where they would go without this route.",
};

function notThere(key: string) {
  return { reason: "NoMatchingParent", message: `There is no Service ${key}.` };
}
