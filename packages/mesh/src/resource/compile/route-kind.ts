import type { ServicePortDoc } from "../../model/document.ts";
import type { PortProtocol } from "../../model/protocol.ts";
import type { ServicePort } from "../core/service.ts";
import type { ParentReference } from "../gateway-api/reference.ts";
import type { ConditionClaim, Resource } from "../meta.ts";
import type { Problem } from "../schema/problem.ts";
import type { BackendScope } from "./backend.ts";
import type { Refusal } from "./claims.ts";

/** How routes of one kind are compiled, and what they say of themselves; where they are attached is the same for all. */
export interface RouteKind<Route extends Resource, Compiled> {
  /** What it is attached to: its parentRefs. */
  readonly parents: (route: Route) => readonly ParentReference[];
  readonly compile: (route: Route, scope: RouteScope) => Compiled;
  /** @param refusal why it is not attached; null: it is */
  readonly conditions: (compiled: Compiled, refusal: Refusal | null) => readonly ConditionClaim[];
  /** What of its rules is probably not meant, for those who are about to apply it. */
  readonly problems: (compiled: Compiled) => readonly Problem[];
  /** May its rules apply to what goes through such a port of a Service? */
  readonly isCarried: (protocol: PortProtocol) => boolean;
  /** Does the oldest on a port say it all? The others are told. Default: all of them do, merged. */
  readonly isAlone?: boolean;
  /** All routes of the kind on one port, at least one, in any order. */
  readonly merge: (attached: readonly AttachedTo<Compiled>[], port: PortPlace) => PortRoutes;
}

export type RouteScope = Omit<BackendScope, "route">;

/** A route on a frontend, with the host names it has there; none on a Service but for a TLSRoute. */
export interface AttachedTo<Compiled> {
  readonly compiled: Compiled;
  readonly hostnames: readonly string[];
}

/** The port of a Service that routes are merged for. */
export interface PortPlace {
  /** Of the Service: `<namespace>/<name>`. */
  readonly service: string;
  readonly port: ServicePort;
  readonly protocol: PortProtocol;
}

/** What a port's document says of routes. */
export type PortRoutes = Partial<
  Pick<ServicePortDoc, "protocol" | "routes" | "tlsRoutes" | "tcpRoute">
>;

/** A route compiled by its kind, whichever that is. */
export interface CompiledAnyRoute {
  readonly route: Resource;
}

export type AnyRouteKind = RouteKind<Resource, CompiledAnyRoute>;
