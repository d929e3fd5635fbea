import { normalPath } from "../../model/normal-path.ts";
import type { GrpcRoute, GrpcRouteMatch, GrpcRouteRule } from "../gateway-api/grpcroute.ts";
import { sessionDoc } from "../gateway-api/session-persistence.ts";
import { resourceKey } from "../meta.ts";
import { Problems } from "../schema/problem.ts";
import {
  type CompiledMatch,
  compileValues,
  isRead,
  type LooseMatch,
  type MatchNotes,
} from "./match.ts";
import type { RouteKind, RouteScope } from "./route-kind.ts";
import { type CompiledRoute, mergeRoutes, routeConditions, ruleProblems } from "./routes.ts";
import { compileRule } from "./rule.ts";
import { carriesHttp } from "./service-port.ts";
import { sessionName } from "./session-name.ts";

/** Calls of gRPC are requests whose path is `/<service>/<method>`, so that they are carried and matched as such. */
export const grpcRoutes: RouteKind<GrpcRoute, CompiledRoute> = {
  parents: ({ spec }) => spec.parentRefs ?? [],
  compile: compileGrpcRoute,
  conditions: routeConditions,
  problems: ruleProblems,
  isCarried: carriesHttp,
  merge: (attached) => ({ routes: mergeRoutes(attached) }),
};

function compileGrpcRoute(route: GrpcRoute, scope: RouteScope): CompiledRoute {
  const rules: readonly GrpcRouteRule[] = route.spec.rules ?? [{}];
  return {
    route,
    rules: rules.map((rule, index) => {
      const { name = String(index), matches = [], filters = [], backendRefs = [] } = rule;
      const session = rule.sessionPersistence;
      const named = sessionName(`${resourceKey(route)}#${name}`);
      const policy = session === undefined ? {} : { session: sessionDoc(session, named) };
      const given = {
        name,
        matches: (matches.length === 0 ? [{}] : matches).map(compileMatch),
        filters,
        backendRefs,
        own: { requestTimeoutMs: null, policy },
      };
      return compileRule(given, index, { ...scope, route });
    }),
  };
}

function compileMatch(given: GrpcRouteMatch): CompiledMatch {
  const notes: MatchNotes = { unsupported: new Problems(), patterns: [] };
  const { type = "Exact", service = "", method = "" } = given.method ?? {};
  const path = compilePath({ isExact: type === "Exact", service, method }, notes);
  const isVague = notes.unsupported.found.length > 0;
  const headers = compileValues(
    given.headers ?? [],
    "headers",
    (name) => name.toLowerCase(),
    notes,
  );
  return {
    match: { path, method: null, headers, query: [] },
    unsupported: notes.unsupported.found,
    patterns: notes.patterns,
    rank: isVague
      ? [0, 0, 0, headers.length]
      : [type === "Exact" ? 2 : 1, service.length, method.length, headers.length],
  };
}

interface MethodNames {
  readonly isExact: boolean;
  /** Empty: any. */
  readonly service: string;
  readonly method: string;
}

function compilePath(
  { isExact, service, method }: MethodNames,
  notes: MatchNotes,
): LooseMatch["path"] {
  const any = { type: "prefix", value: "/" } as const;
  if (service === "" && method === "") return any;
  if (isExact && service !== "") {
    const path = method === "" ? `/${service}` : `/${service}/${method}`;
    const value = normalPath(path);
    if (value !== null) return { type: method === "" ? "prefix" : "exact", value };
    notes.unsupported.add(JSON.stringify(path), "method");
    return any;
  }
  const part = (text: string) => (text === "" ? "[^/]+" : `(?:${text})`);
  const value = `/${part(service)}/${part(method)}`;
  return isRead(value, notes, "method") ? { type: "regex", value } : any;
}
