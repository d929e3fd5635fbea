import type { MatchDoc, RuleDoc } from "@heddle/mesh/model/document.ts";
import { reasonRow } from "@heddle/mesh/model/reason.ts";
import { changedFields, valueWords } from "./changed-fields.ts";
import {
  frontendsOf,
  type PlannedFrontend,
  ruleName,
  type Share,
  sharesOf,
  shareWords,
} from "./frontend.ts";
import { matchWords } from "./match-words.ts";
import type { MeshView } from "./mesh-view.ts";

/** One thing that becomes different on the service level. */
export type Effect =
  /** A rule leads elsewhere, comes or goes: `before` and `after` say where to, null where there is no such rule. */
  | ({
      readonly kind: "route";
      readonly before: string | null;
      readonly after: string | null;
    } & OfRule)
  /** The same backends, otherwise shared. */
  | ({
      readonly kind: "split";
      readonly shares: readonly {
        readonly to: string;
        readonly before: number;
        readonly after: number;
      }[];
    } & OfRule)
  /** Other requests fall under a rule. */
  | ({
      readonly kind: "match";
      readonly before: readonly string[];
      readonly after: readonly string[];
    } & OfRule)
  /** A field of a rule, or of what is said of a service; `refuses`: requests may be refused for it. */
  | {
      readonly kind: "policy";
      readonly frontend: string;
      readonly rule: string | null;
      readonly field: string;
      readonly before: string;
      readonly after: string;
      readonly refuses: boolean;
    }
  /** A process gets more or less of what is asked of a frontend: the most that any rule gives it, 0 to 1. */
  | {
      readonly kind: "endpoint";
      readonly frontend: string;
      readonly workload: string;
      readonly before: number;
      readonly after: number;
    }
  /** Keys that another process keeps than before; what the first knows of them stays behind. */
  | {
      readonly kind: "slots";
      readonly service: string;
      readonly placement: string;
      readonly moved: number;
      readonly slots: number;
    };

interface OfRule {
  readonly frontend: string;
  readonly rule: string;
  /** What the rule takes, in words. */
  readonly matches: readonly string[];
}

/** What differs between two meshes for those who ask. In the order of frontends' names. */
export function effectsOf(before: MeshView, after: MeshView): readonly Effect[] {
  const [was, is] = [frontendsOf(before), frontendsOf(after)];
  const names = [...new Set([...was.keys(), ...is.keys()])].sort();
  const told = names.flatMap((name) => {
    const [old, now] = [was.get(name) ?? null, is.get(name) ?? null];
    return [...ruleEffects(name, old, now), ...endpointEffects(name, [old, before], [now, after])];
  });
  return [...told, ...serviceEffects(before, after), ...slotEffects(before, after)];
}

/** A rule of requests or connections, and what it takes. */
interface OneRule {
  readonly name: string;
  readonly matches: readonly string[];
  readonly shares: readonly Share[];
  /** Null: of connections. */
  readonly doc: RuleDoc | null;
}

/** The service itself, where no route is attached. */
const itself = "the service itself";

function rulesOf(frontend: PlannedFrontend | null): ReadonlyMap<string, OneRule> {
  const found = new Map<string, OneRule>();
  if (frontend === null) return found;
  const add = (rule: OneRule) => found.set(rule.name, rule);
  const { routes, service, port } = frontend;
  if (routes === null && service !== null) {
    const backend = { service: `${service.namespace}/${service.name}`, port };
    const to = `${backend.service}:${port}`;
    add({
      name: itself,
      matches: ["everything"],
      shares: [{ to, backend, fails: null, share: 1 }],
      doc: null,
    });
  }
  for (const [index, doc] of (routes?.rules ?? []).entries()) {
    const matches = routes!.matches.filter((match: MatchDoc) => match.rule === index);
    add({
      name: ruleName(doc),
      matches: matches.map(matchWords),
      shares: sharesOf(doc.backends),
      doc,
    });
  }
  for (const { name, hostnames, backends } of frontend.connections) {
    const matches = hostnames.length === 0 ? ["connections"] : hostnames;
    add({ name, matches, shares: sharesOf(backends), doc: null });
  }
  return found;
}

function ruleEffects(
  frontend: string,
  before: PlannedFrontend | null,
  after: PlannedFrontend | null,
): readonly Effect[] {
  const [was, is] = [rulesOf(before), rulesOf(after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((rule): readonly Effect[] => {
    const [old, now] = [was.get(rule) ?? null, is.get(rule) ?? null];
    // A service that is new, or gone, has the requests that nobody could make: its resource says so.
    if (rule === itself && (before === null || after === null)) return [];
    const of = { frontend, rule, matches: (now ?? old)!.matches };
    if (old === null || now === null) {
      return [{ kind: "route", ...of, before: targetOf(old), after: targetOf(now) }];
    }
    return [...changesOf(of, old, now)];
  });
}

function* changesOf(of: OfRule, old: OneRule, now: OneRule): Iterable<Effect> {
  const [before, after] = [targetOf(old)!, targetOf(now)!];
  if (before !== after) {
    const names = [...new Set([...old.shares, ...now.shares].map(({ to }) => to))];
    const isSame = old.shares.length === names.length && now.shares.length === names.length;
    const shareOf = ({ shares }: OneRule, to: string) =>
      shares.find((one) => one.to === to)?.share ?? 0;
    if (isSame) {
      const shares = names.map((to) => ({ to, before: shareOf(old, to), after: shareOf(now, to) }));
      yield { kind: "split", ...of, shares };
    } else yield { kind: "route", ...of, before, after };
  }
  if (old.matches.join("\n") !== now.matches.join("\n")) {
    yield { kind: "match", ...of, before: old.matches, after: now.matches };
  }
  const { frontend, rule } = of;
  for (const one of changedFields(saidBy(old.doc), saidBy(now.doc))) {
    yield policyEffect({ frontend, rule }, one);
  }
}

/** What a rule says beside its backends. */
function saidBy(doc: RuleDoc | null): object {
  if (doc === null) return {};
  const { route: _, name: __, backends, ...said } = doc;
  const own = backends
    .filter(({ filters }) => filters.length > 0)
    .map(({ backend, filters }) => [`${backend?.service}:${backend?.port}`, filters]);
  return { ...said, backendFilters: Object.fromEntries(own) };
}

function targetOf(rule: OneRule | null): string | null {
  if (rule === null) return null;
  if (rule.doc?.fails != null) return String(reasonRow(rule.doc.fails).status);
  const redirect = rule.doc?.filters.find(({ type }) => type === "redirect");
  if (redirect?.type === "redirect") return `a redirect (${redirect.status})`;
  return shareWords(rule.shares);
}

/** Fields for which a request may be refused that was not before. */
const refusing =
  /^(admission|fails|fault|requestTimeoutMs|policy\.(attemptTimeoutMs|headTimeoutMs|idleTimeoutMs|lifetimeMs|requestTimeoutMs|connectTimeoutMs|queueMax|failfastMs|breaker|outlier|caps|health|subset)|attemptTimeoutMs|headTimeoutMs|lifetimeMs|breaker|subset)/;

function policyEffect(
  { frontend, rule }: { readonly frontend: string; readonly rule: string | null },
  { path, before, after }: ReturnType<typeof changedFields>[number],
): Effect {
  return {
    kind: "policy",
    frontend,
    rule,
    field: path,
    before: valueWords(before),
    after: valueWords(after),
    refuses: refusing.test(path) && after !== undefined && after !== null,
  };
}

/** What is said of services as a whole. */
function serviceEffects(before: MeshView, after: MeshView): readonly Effect[] {
  return [...after.services].flatMap(([key, { doc }]) => {
    const old = before.services.get(key)?.doc;
    if (old === undefined) return [];
    const said = ({ policy, placement, fault, admission, contract, ports }: typeof doc) => ({
      policy,
      placement,
      fault,
      admission,
      contract: contract === null ? null : contract.name,
      protocols: Object.fromEntries(ports.map(({ number, protocol }) => [number, protocol])),
    });
    return changedFields(said(old), said(doc)).map((one) =>
      policyEffect({ frontend: key, rule: null }, one),
    );
  });
}

type At = readonly [frontend: PlannedFrontend | null, view: MeshView];

function endpointEffects(frontend: string, before: At, after: At): readonly Effect[] {
  const [was, is] = [trafficOf(...before), trafficOf(...after)];
  return [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((workload): Effect | [] => {
    const [old, now] = [was.get(workload) ?? 0, is.get(workload) ?? 0];
    if (Math.abs(old - now) < 1e-9) return [];
    return { kind: "endpoint", frontend, workload, before: old, after: now };
  });
}

/** For each workload the most that any rule gives it. */
function trafficOf(frontend: PlannedFrontend | null, view: MeshView): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  for (const { shares } of rulesOf(frontend).values()) {
    const ofRule = new Map<string, number>();
    for (const { backend, share } of shares) {
      const endpoints =
        backend === null ? [] : (view.endpoints.get(backend.service)?.endpoints ?? []);
      const ready = endpoints.filter(({ state }) => state.phase === "ready");
      for (const { workload } of ready) {
        const name = `${backend!.service.split("/")[0]}/${workload}`;
        ofRule.set(name, (ofRule.get(name) ?? 0) + share / ready.length);
      }
    }
    for (const [name, share] of ofRule) most.set(name, Math.max(most.get(name) ?? 0, share));
  }
  return most;
}

function slotEffects(before: MeshView, after: MeshView): readonly Effect[] {
  return [...after.endpoints].flatMap(([service, { slots }]): Effect | [] => {
    const old = before.endpoints.get(service)?.slots ?? null;
    const placement = after.services.get(service)?.doc.placement ?? null;
    if (old === null || slots === null || placement === null) return [];
    const owner = ({ owners, assignment }: typeof slots, slot: number) => owners[assignment[slot]!];
    const isOther = old.assignment.length !== slots.assignment.length;
    const moved = slots.assignment.filter(
      (_, slot) => isOther || owner(old, slot) !== owner(slots, slot),
    ).length;
    if (moved === 0) return [];
    return { kind: "slots", service, placement: placement.name, moved, slots: placement.slots };
  });
}
