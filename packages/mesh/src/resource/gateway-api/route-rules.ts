import type { Problems } from "../schema/problem.ts";
import type { HttpRouteFilter } from "./filter.ts";
import { gatewayGroup, type ParentReference } from "./reference.ts";

/** Checks of a route that need more than one of its fields; in the CRD they are CEL. */

interface RuleLike {
  readonly matches?: readonly { readonly path?: { readonly type?: string } }[];
  readonly filters?: readonly HttpRouteFilter[];
  readonly backendRefs?: readonly { readonly filters?: readonly HttpRouteFilter[] }[];
}

/** References to one parent differ in sectionName or port, and all of them have what they differ in. */
export function checkParents(parents: readonly ParentReference[], problems: Problems): void {
  const known = new Map<string, ParentReference[]>();
  parents.forEach((parent, index) => {
    const { group = gatewayGroup, kind = "Gateway", namespace = "", name, sectionName } = parent;
    const key = `${group}/${kind}/${namespace}/${name}`;
    const others = known.get(key) ?? [];
    known.set(key, [...others, parent]);
    const rival = others.find((one) => !mayStandBeside(one, parent));
    if (rival === undefined) return;
    if (sectionName !== undefined && rival.sectionName === sectionName) {
      problems.add(`"${sectionName}" is there already for ${kind} ${name}`, index, "sectionName");
    } else if (parent.port !== undefined && rival.port === parent.port) {
      problems.add(`${parent.port} is there already for ${kind} ${name}`, index, "port");
    } else {
      const message = `required, because ${kind} ${name} is named twice (or port)`;
      problems.add(message, index, "sectionName");
    }
  });
}

function mayStandBeside(a: ParentReference, b: ParentReference): boolean {
  const isAlike =
    (a.sectionName === undefined) === (b.sectionName === undefined) &&
    (a.port === undefined) === (b.port === undefined);
  return isAlike && (a.sectionName !== b.sectionName || a.port !== b.port);
}

/** A rule's name is there once. */
export function checkRuleNames(
  rules: readonly { readonly name?: string }[],
  problems: Problems,
): void {
  rules.forEach(({ name }, index) => {
    const first = rules.findIndex((one) => one.name === name);
    if (name !== undefined && first < index) {
      problems.add(`"${name}" is there already, at [${first}]`, index, "name");
    }
  });
}

/** All rules together have so many matches. */
export function checkMatches(
  rules: readonly { readonly matches?: readonly unknown[] }[],
  problems: Problems,
): void {
  const matches = rules.reduce((sum, one) => sum + (one.matches?.length ?? 1), 0);
  if (matches > 128) problems.add(`expected at most 128 matches in all rules, got ${matches}`);
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
