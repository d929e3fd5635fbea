import type { Problems } from "../schema/problem.ts";
import type { HttpRouteFilter } from "./filter.ts";
import { gatewayGroup, type ParentReference } from "./reference.ts";

/** Checks of a route that need more than one of its fields; in the CRD they are CEL. */

interface RuleLike {
  readonly matches?: readonly { readonly path?: { readonly type?: string } }[];
  readonly filters?: readonly HttpRouteFilter[];
  readonly backendRefs?: readonly { readonly filters?: readonly HttpRouteFilter[] }[];
}

/** Two references to one parent differ in their sectionName, and both have one. */
export function checkParents(parents: readonly ParentReference[], problems: Problems): void {
  const sections = new Map<string, (string | undefined)[]>();
  parents.forEach((parent, index) => {
    const { group = gatewayGroup, kind = "Gateway", namespace = "", name, sectionName } = parent;
    const key = `${group}/${kind}/${namespace}/${name}`;
    const others = sections.get(key) ?? [];
    sections.set(key, [...others, sectionName]);
    if (others.length === 0) return;
    if (others.includes(sectionName) && sectionName !== undefined) {
      problems.add(`"${sectionName}" is there already for ${kind} ${name}`, index, "sectionName");
    } else if (sectionName === undefined || others.includes(undefined)) {
      problems.add(`required, because ${kind} ${name} is named twice`, index, "sectionName");
    }
  });
}

export function checkRedirect(rule: RuleLike, problems: Problems): void {
  const hasBackends = (rule.backendRefs ?? []).length > 0;
  const redirect = (rule.filters ?? []).findIndex((one) => one.requestRedirect !== undefined);
  if (hasBackends && redirect >= 0) {
    problems.add(
      "RequestRedirect answers by itself: no backendRefs beside it",
      "filters",
      redirect,
    );
  }
}

/** ReplacePrefixMatch has to know which prefix: exactly one match, of type PathPrefix. */
export function checkPrefixRewrite(rule: RuleLike, problems: Problems): void {
  const matches = rule.matches ?? [{}];
  const isPrefix =
    matches.length === 1 && (matches[0]?.path?.type ?? "PathPrefix") === "PathPrefix";
  if (isPrefix) return;
  const check = (filters: readonly HttpRouteFilter[], at: Problems) => {
    filters.forEach(({ urlRewrite, requestRedirect }, index) => {
      const field = urlRewrite === undefined ? "requestRedirect" : "urlRewrite";
      const type = (urlRewrite ?? requestRedirect)?.path?.type;
      if (type !== "ReplacePrefixMatch") return;
      at.add(
        "needs exactly one match, of type PathPrefix",
        "filters",
        index,
        field,
        "path",
        "type",
      );
    });
  };
  check(rule.filters ?? [], problems);
  (rule.backendRefs ?? []).forEach((backend, index) => {
    check(backend.filters ?? [], problems.at("backendRefs", index));
  });
}
