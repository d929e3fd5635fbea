import type { Gateway, GatewayListener } from "../gateway-api/gateway.ts";
import { gatewayGroup, type ParentReference } from "../gateway-api/reference.ts";
import { namespacedName, namespaceOf, type Resource } from "../meta.ts";
import type { Refusal } from "./claims.ts";
import { commonHostnames } from "./hostname.ts";

export interface Attachment {
  readonly to: readonly {
    readonly listener: GatewayListener;
    readonly hostnames: readonly string[];
  }[];
  /** Why it is attached nowhere. */
  readonly refusal: Refusal | null;
}

/** Does this parentRef of `route` name `gateway`? */
export function isOfGateway(parent: ParentReference, route: Resource, gateway: Gateway): boolean {
  const { group = gatewayGroup, kind = "Gateway", namespace = namespaceOf(route), name } = parent;
  return (
    group === gatewayGroup &&
    kind === "Gateway" &&
    `${namespace}/${name}` === namespacedName(gateway)
  );
}

/** The listeners of `gateway` that take `route` by this parentRef; the last hurdle none of them passed, if none does. */
export function attach(
  route: Resource,
  { sectionName, port }: ParentReference,
  gateway: Gateway,
  usable: readonly GatewayListener[],
): Attachment {
  const meant = usable.filter(
    (one) =>
      (sectionName === undefined || one.name === sectionName) &&
      (port === undefined || one.port === port),
  );
  const name = namespacedName(gateway);
  if (meant.length === 0)
    return refused("NoMatchingParent", `Gateway ${name} has no such listener.`);
  const allowing = meant.filter((one) => allows(one, route, gateway));
  if (allowing.length === 0) {
    const why = meant.some((one) => routeKindsOf(one).includes(route.kind))
      ? " (allowedRoutes)"
      : `: ${meant.map((one) => `${one.name} is of ${one.protocol}`).join(", ")}`;
    const message = `The listeners of Gateway ${name} do not allow this route${why}.`;
    return refused("NotAllowedByListeners", message);
  }
  const to = allowing.flatMap((listener) => {
    const hostnames = commonHostnames(
      (route.spec as { readonly hostnames?: readonly string[] }).hostnames ?? [],
      listener.hostname,
    );
    return hostnames === null ? [] : [{ listener, hostnames }];
  });
  if (to.length > 0) return { to, refusal: null };
  const message = `No listener of Gateway ${name} has a host name of this route.`;
  return refused("NoMatchingListenerHostname", message);
}

/** A selector needs namespaces with labels, which heddle does not have: it allows nothing. */
function allows(listener: GatewayListener, route: Resource, gateway: Gateway): boolean {
  const { allowedRoutes } = listener;
  const from = allowedRoutes?.namespaces?.from ?? "Same";
  const isAllowedThere =
    from === "All" || (from === "Same" && namespaceOf(route) === namespaceOf(gateway));
  return isAllowedThere && allowedKinds(listener).includes(route.kind);
}

/** Kinds of routes that a listener takes: of those it names, or of all that its protocol has. */
export function allowedKinds(listener: GatewayListener): readonly string[] {
  const named = listener.allowedRoutes?.kinds ?? [];
  return routeKindsOf(listener).filter(
    (known) =>
      named.length === 0 ||
      named.some(({ group = gatewayGroup, kind }) => group === gatewayGroup && kind === known),
  );
}

/** The kinds of routes that a listener that is served can take; none: it is not served. */
export function routeKindsOf(listener: GatewayListener): readonly string[] {
  if (listener.protocol === "HTTP") return ["HTTPRoute", "GRPCRoute"];
  return isPassedThrough(listener) ? ["TLSRoute"] : [];
}

/** TLS that its backends end. */
export function isPassedThrough({ protocol, tls }: GatewayListener): boolean {
  return protocol === "TLS" && tls?.mode === "Passthrough";
}

function refused(reason: string, message: string): Attachment {
  return { to: [], refusal: { reason, message } };
}
