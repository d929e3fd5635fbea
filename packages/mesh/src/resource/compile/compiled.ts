import type { RoutesDoc, ServiceDoc, TlsRouteDoc } from "../../model/document.ts";
import type { BackendTlsDoc } from "../../model/policy.ts";
import type { ConditionClaim } from "../meta.ts";
import type { Problem } from "../schema/problem.ts";
import type { ParentClaims } from "./claims.ts";

/** What a Service came to with all that is attached to it. */
export interface CompiledService {
  /** For callers in namespaces without routes of their own. */
  readonly doc: ServiceDoc;
  /** By namespace, where consumer routes replace those of the service's own namespace (GEP-1294). */
  readonly consumers: ReadonlyMap<string, ServiceDoc>;
  /** What is to be said of routes of all kinds, for each parentRef that means the Service. */
  readonly parents: readonly ParentClaims[];
  /** By port number: how the proxies of its processes speak to them (BackendTLSPolicy). */
  readonly backendTls: ReadonlyMap<number, BackendTlsDoc>;
  /** What endpoints of it are told apart by, where policies say so. */
  readonly labelsWanted: readonly string[];
  readonly notes: readonly Problem[];
}

/** What a Gateway of our classes came to. */
export interface CompiledGateway {
  /** Sockets to listen on, each with its routes. */
  readonly sockets: readonly GatewaySocket[];
  /** `Accepted` of the Gateway; `Programmed` depends on the world. */
  readonly conditions: readonly ConditionClaim[];
  readonly listeners: readonly ListenerClaims[];
  readonly parents: readonly ParentClaims[];
}

export interface GatewaySocket {
  /** Name of the first of its listeners; with several addresses `<name>@<address>`. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly protocol: "http" | "tls";
  /** At a `tls` socket there are none. */
  readonly routes: RoutesDoc;
  /** At an `http` socket there are none. */
  readonly tlsRoutes: readonly TlsRouteDoc[];
}

export interface ListenerClaims {
  readonly name: string;
  /** Kinds of routes that it takes: one, or none where it is not served. */
  readonly kinds: readonly string[];
  readonly attachedRoutes: number;
  readonly conditions: readonly ConditionClaim[];
}
