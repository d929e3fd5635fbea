import type { FilterDoc, RedirectDoc, ValueMatchDoc } from "../../model/document.ts";
import { isWirePath } from "../../model/normal-path.ts";
import type { HeaderModifier, HttpRouteFilter } from "../gateway-api/filter.ts";
import { hopFields } from "../schema/hop-fields.ts";
import type { Problem } from "../schema/problem.ts";
import { type BackendScope, resolveBackend } from "./backend.ts";
import type { Refusal, UnresolvedRef } from "./claims.ts";

export interface CompiledFilters {
  readonly filters: readonly FilterDoc[];
  /** What heddle does not act on, by index; the rule or backend then fails instead of skipping it. */
  readonly unsupported: readonly Problem[];
  /** Where mirrors lead nowhere, by index: requests go on, copies do not. */
  readonly unresolved: readonly UnresolvedRef[];
}

/**
 * Filters of a rule or backend as documents. `prefix` is the PathPrefix of the rule's only match, or null where there
 * are several or it is of another type.
 */
export function compileFilters(
  given: readonly HttpRouteFilter[],
  prefix: string | null,
  scope: BackendScope,
): CompiledFilters {
  const filters: FilterDoc[] = [];
  const unsupported: Problem[] = [];
  const unresolved: UnresolvedRef[] = [];
  given.forEach((one, index) => {
    const { requestMirror } = one;
    const compiled =
      one.type === "RequestMirror" && requestMirror !== undefined
        ? compileMirror(requestMirror, scope, (refusal) =>
            unresolved.push({ ...refusal, path: [index, "requestMirror", "backendRef"] }),
          )
        : compileFilter(one, prefix);
    if (typeof compiled === "string") unsupported.push({ path: [index], message: compiled });
    else filters.push(compiled);
  });
  return { filters, unsupported, unresolved };
}

/** The filter's document, or what of it is not acted on. */
function compileFilter(one: HttpRouteFilter, prefix: string | null): FilterDoc | string {
  switch (one.type) {
    case "RequestHeaderModifier":
      return compileHeaders("request-headers", one.requestHeaderModifier ?? {});
    case "ResponseHeaderModifier":
      return compileHeaders("reply-headers", one.responseHeaderModifier ?? {});
    case "URLRewrite":
      return compileRewrite(one.urlRewrite ?? {}, prefix);
    case "RequestRedirect":
      return compileRedirect(one.requestRedirect ?? {}, prefix);
    case "CORS":
      return compileCors(one.cors ?? {});
    default:
      return `filter ${one.type}`;
  }
}

/** Neither percent nor fraction: all. */
function compileMirror(
  { backendRef, percent, fraction }: NonNullable<HttpRouteFilter["requestMirror"]>,
  scope: BackendScope,
  onRefused: (refusal: Refusal) => void,
): FilterDoc {
  const resolved = resolveBackend(backendRef, scope);
  const isRefused = "reason" in resolved;
  if (isRefused) onRefused(resolved);
  const [numerator, denominator] =
    fraction === undefined
      ? [percent ?? 100, 100]
      : [fraction.numerator, fraction.denominator ?? 100];
  return {
    type: "mirror",
    backend: isRefused ? null : resolved,
    share: { numerator, denominator },
  };
}

function compileRedirect(
  given: NonNullable<HttpRouteFilter["requestRedirect"]>,
  prefix: string | null,
): FilterDoc | string {
  const path = given.path === undefined ? null : compilePathEdit(given.path, prefix);
  if (typeof path === "string") return path;
  return {
    type: "redirect",
    scheme: given.scheme ?? null,
    hostname: given.hostname ?? null,
    port: given.port ?? null,
    path,
    status: (given.statusCode ?? 302) as RedirectDoc["status"],
  };
}

function compileCors(given: NonNullable<HttpRouteFilter["cors"]>): FilterDoc {
  return {
    type: "cors",
    allowOrigins: given.allowOrigins ?? [],
    allowMethods: given.allowMethods ?? [],
    allowHeaders: given.allowHeaders ?? [],
    // Upstream lets `*` stand beside names here alone; it means all of them.
    exposeHeaders: given.exposeHeaders?.includes("*") ? ["*"] : (given.exposeHeaders ?? []),
    allowCredentials: given.allowCredentials ?? false,
    maxAgeS: given.maxAge ?? 5,
  };
}

function compileHeaders(
  type: "request-headers" | "reply-headers",
  { set = [], add = [], remove = [] }: HeaderModifier,
): FilterDoc | string {
  // Of names that differ in case only, the first counts (HTTPHeaderFilter).
  const lower = (fields: readonly ValueMatchDoc[]) =>
    fields
      .map(({ name, value }) => ({ name: name.toLowerCase(), value: value.trim() }))
      .filter(({ name }, index, all) => all.findIndex((one) => one.name === name) === index);
  const doc = {
    type,
    set: lower(set),
    add: lower(add),
    remove: [...new Set(remove.map((name) => name.toLowerCase()))],
  };
  const written = [...doc.set, ...doc.add].map(({ name }) => name);
  const own = written.find((name) => name.startsWith("x-heddle-"));
  if (own !== undefined) return `${own}, by which proxies speak to each other`;
  const names = written.concat(doc.remove);
  const hop = names.find((name) => hopFields.has(name));
  if (hop !== undefined) return `an edit of ${hop}, which belongs to one hop`;
  if (type === "request-headers" && names.includes("host")) {
    return "an edit of host (URLRewrite has hostname)";
  }
  const unnamed = doc.remove.find((name) => !/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name));
  return unnamed === undefined ? doc : `the header name ${JSON.stringify(unnamed)}`;
}

function compileRewrite(
  { hostname, path: given }: NonNullable<HttpRouteFilter["urlRewrite"]>,
  prefix: string | null,
): FilterDoc | string {
  const path = given === undefined ? null : compilePathEdit(given, prefix);
  if (typeof path === "string") return path;
  return { type: "url-rewrite", hostname: hostname ?? null, path };
}

/** A replaced path, or what of it is not acted on. */
function compilePathEdit(
  path: NonNullable<NonNullable<HttpRouteFilter["urlRewrite"]>["path"]>,
  prefix: string | null,
): NonNullable<RedirectDoc["path"]> | string {
  const isFull = path.type === "ReplaceFullPath";
  const text = (isFull ? path.replaceFullPath : path.replacePrefixMatch) ?? "";
  if (!isWirePath(text)) return `the replacement path ${JSON.stringify(text)}`;
  if (isFull) return { replace: "full", value: text.startsWith("/") ? text : `/${text}` };
  if (prefix === null) return "ReplacePrefixMatch without exactly one PathPrefix match";
  const value = text === "" || text.startsWith("/") ? text : `/${text}`;
  return { replace: "prefix", from: prefix, value };
}
