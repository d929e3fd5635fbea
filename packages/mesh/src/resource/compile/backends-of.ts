import { isService } from "../gateway-api/reference.ts";
import { namespaceOf, type Resource } from "../meta.ts";

interface BackendRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
}

interface Rule {
  readonly name?: string;
  readonly backendRefs?: readonly BackendRef[];
}

/** Services that rules of a route name, by `<namespace>/<name>`. */
export function backendsOf(route: Resource): readonly string[] {
  return rulesOf(route).flatMap((rule) => servicesOf(rule, route));
}

/** Rules of a route that name a Service: their names, or indices. */
export function rulesTo(route: Resource, service: string): readonly string[] {
  return rulesOf(route).flatMap((rule, index) =>
    servicesOf(rule, route).includes(service) ? (rule.name ?? String(index)) : [],
  );
}

/** Services that one rule of a route names. @param name the rule's, or its index */
export function servicesTo(route: Resource, name: string): readonly string[] {
  return rulesOf(route).flatMap((rule, index) =>
    (rule.name ?? String(index)) === name ? servicesOf(rule, route) : [],
  );
}

function rulesOf(route: Resource): readonly Rule[] {
  return (route.spec as { readonly rules?: readonly Rule[] }).rules ?? [];
}

function servicesOf({ backendRefs = [] }: Rule, route: Resource): readonly string[] {
  return backendRefs
    .filter(isService)
    .map(({ namespace = namespaceOf(route), name }) => `${namespace}/${name}`);
}
