import { compareAge, namespacedName } from "../resource/meta.ts";
import { serviceOfSplit, type TrafficSplit } from "../resource/smi/trafficsplit.ts";
import type { Seen } from "./records.ts";

/** A TrafficSplit as one rule, whose backends have whichever port was asked for: 0. */
export interface SplitRule {
  /** `TrafficSplit/<namespace>/<name>#0`. */
  readonly name: string;
  readonly rule: { readonly backendRefs: readonly SplitShare[] };
  readonly route: TrafficSplit;
  /** The Service that is split, `<namespace>/<name>`. */
  readonly root: string;
  /** Of requests that some HTTPRouteGroup describes. Which they were is not judged: the record is believed. */
  readonly isOfSome: boolean;
}

interface SplitShare {
  readonly name: string;
  readonly port: 0;
  readonly weight: number;
}

/** Splits that say something: none that is somebody else's (linkerd-smi), and of those for all requests to a Service the oldest alone. */
export function splitRules(splits: readonly TrafficSplit[]): readonly SplitRule[] {
  const wholes = new Set<string>();
  return [...splits].sort(compareAge).flatMap((route): SplitRule | [] => {
    const { annotations } = route.metadata;
    if (annotations?.["smi.linkerd.io/skip"] !== undefined) return [];
    const root = serviceOfSplit(route, route.spec.service);
    if (root === null) return [];
    const isOfSome = (route.spec.matches ?? []).length > 0;
    if (!isOfSome && wholes.has(root)) return [];
    if (!isOfSome) wholes.add(root);
    const backendRefs = route.spec.backends.map(({ service, weight }): SplitShare => {
      const meant = serviceOfSplit(route, service);
      // Of another namespace there is none: no Service has a name with dots.
      const name = meant === null ? service : meant.slice(meant.indexOf("/") + 1);
      return { name, port: 0, weight };
    });
    const name = `TrafficSplit/${namespacedName(route)}#0`;
    return { name, rule: { backendRefs }, route, root, isOfSome };
  });
}

export interface Splits {
  readonly some: readonly SplitRule[];
  readonly whole: SplitRule | null;
}

/** Those of the Service that was asked. A gateway has none. */
export function splitsOf({ exchange }: Seen, splits: readonly SplitRule[]): Splits {
  const here =
    exchange.direction === "gateway" ? [] : splits.filter(({ root }) => root === exchange.service);
  const some = exchange.protocol === "tls" ? [] : here.filter(({ isOfSome }) => isOfSome);
  return { some, whole: here.find(({ isOfSome }) => !isOfSome) ?? null };
}
