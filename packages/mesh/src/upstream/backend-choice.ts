import { Choice, type ChoiceOptions } from "../balance/choice.ts";
import { type Group, type Sharer, shareOut } from "../balance/share-out.ts";
import type { Subset } from "../balance/subset.ts";
import type { BackendMember, BackendSpec } from "./backend-spec.ts";
import type { UpstreamContext } from "./context.ts";
import type { PickWish } from "./pick-wish.ts";
import type { RuleBreakers } from "./rule-breakers.ts";
import type { Target } from "./target.ts";
import { TargetGroup } from "./target-health.ts";

/** Below this share of endpoints that are well all are used (Envoy `healthy_panic_threshold` 50 %). */
export const panicThresholdDefault = 0.5;
/** Picks tried for a rule whose breakers may forbid some, before all endpoints are looked at. */
const triesMax = 4;

/**
 * Which endpoints of one backend may be picked now, and how: by what the control plane says of them, what requests have shown, and what
 * a request asks for. Made anew when any of that changes; what has not changed keeps its pickers.
 *
 * ```
 *  members ─▶ ready, can be connected to ─▶ well, or all in panic ─▶ priorities, zones ─▶ a picker each
 * ```
 */
export class BackendChoice {
  readonly group = new TargetGroup();
  /** Endpoints that may be picked. */
  count = 0;
  /** Are some used though they are not well, because too few are? */
  isPanic = false;
  /** Picks made in panic. */
  panics = 0;
  readonly #context: UpstreamContext;
  #spec: BackendSpec | null = null;
  #options: ChoiceOptions | null = null;
  #all: Choice<Target> | null = null;
  /** Those whose breaker's pause is over, and that wait for a request to probe them. */
  #probes: readonly Target[] = [];
  #subsets = new WeakMap<Subset, Map<string, Choice<Target>>>();
  /** Of each label that a subset asked for: the values that members have. */
  readonly #values = new Map<string, Set<string>>();

  constructor(context: UpstreamContext) {
    this.#context = context;
  }

  /** Any endpoint. */
  pick(nowMs: number, avoid: Target | null): Target | null {
    if (this.#probes.length > 0 && avoid === null)
      return this.#probe(null) ?? this.#pick(nowMs, avoid);
    return this.#pick(nowMs, avoid);
  }

  /** One as the request asks for. */
  pickWished(nowMs: number, avoid: Target | null, wish: PickWish): Target | null {
    const { subset, breakers, hash } = wish;
    const choice = subset === null ? this.#all : this.#subset(subset, wish);
    if (choice === null) return null;
    if (breakers !== null) return this.#pickAllowed(choice, nowMs, avoid, hash, breakers);
    if (this.#probes.length > 0 && avoid === null) {
      const probed = this.#probe(subset === null ? null : wish);
      if (probed !== null) return probed;
    }
    if (this.isPanic) this.panics++;
    return choice.pick(nowMs, avoid, hash);
  }

  /** Takes in what has changed of `spec`, or of its members' health. */
  rebuild(spec: BackendSpec): void {
    const { policy, members } = spec;
    this.#spec = spec;
    this.isPanic = false;
    this.#count(members);
    this.#options = {
      picker: policy.picker,
      tableSize: policy.affinity?.tableSize ?? 0,
      rng: this.#context.rng,
    };
    this.#subsets = new WeakMap();
    this.#values.clear();
    this.#all = this.#choose(members, this.#all);
    this.count = this.#all.count;
  }

  #count(members: readonly BackendMember[]): void {
    const probes: Target[] = [];
    let total = 0;
    let out = 0;
    for (const { target, phase } of members) {
      if (phase !== "ready") continue;
      total++;
      if (target.health.isEjected) out++;
      if (target.health.isProbeWanted && !target.isAway) probes.push(target);
    }
    this.group.total = total;
    this.group.out = out;
    this.#probes = probes;
  }

  /** In panic a request goes anywhere: so it does to those that are to be probed. */
  #pick(nowMs: number, avoid: Target | null): Target | null {
    if (this.isPanic) this.panics++;
    return this.#all === null ? null : this.#all.pick(nowMs, avoid, -1);
  }

  #probe(wish: PickWish | null): Target | null {
    for (const target of this.#probes) {
      if (wish !== null && !this.#isMeant(target, wish)) continue;
      this.#probes = this.#probes.filter((one) => one !== target);
      target.health.onProbe();
      return target;
    }
    return null;
  }

  #isMeant(target: Target, { subset, subsetKey }: PickWish): boolean {
    const member = this.#spec!.members.find((one) => one.target === target);
    return member !== undefined && subset!.has(subsetKey!, member.labels ?? {});
  }

  #pickAllowed(
    choice: Choice<Target>,
    nowMs: number,
    avoid: Target | null,
    hash: number,
    breakers: RuleBreakers,
  ): Target | null {
    const first = choice.pick(nowMs, avoid, hash);
    let target = first;
    for (let tries = 0; target !== null && tries < triesMax; tries++) {
      if (breakers.allows(target, nowMs)) {
        breakers.onPicked(target, nowMs);
        return target;
      }
      target = choice.pick(nowMs, target, -1);
    }
    if (first === null) return null;
    for (const { target: one } of this.#spec!.members) {
      if (one === avoid || !choice.has(one) || !breakers.allows(one, nowMs)) continue;
      breakers.onPicked(one, nowMs);
      return one;
    }
    // All are out for this rule: that is panic, too.
    if ((this.#spec!.policy.panicThreshold ?? panicThresholdDefault) === 0) return null;
    this.panics++;
    return first;
  }

  #choose(members: readonly BackendMember[], before: Choice<Target> | null): Choice<Target> {
    const groups = plainGroups(members, this.#spec!) ?? this.#sharedOut(members);
    if (groups.length === 0) {
      // A draining endpoint still serves: better it than nobody.
      const draining = members.filter(
        ({ target, phase }) => phase === "draining" && !target.isAway,
      );
      if (draining.length > 0) {
        groups.push({ members: draining.map(({ target }) => target), share: 1 });
      }
    }
    return new Choice(groups, this.#options!, before);
  }

  #sharedOut(members: readonly BackendMember[]): Group<Target>[] {
    const { policy, zone = "" } = this.#spec!;
    const sharers: MemberSharer[] = [];
    for (const member of members) if (member.phase === "ready") sharers.push(sharerOf(member));
    const { groups, isPanic } = shareOut(sharers, {
      zone,
      zones: policy.zones ?? null,
      panicThreshold: policy.panicThreshold ?? panicThresholdDefault,
    });
    if (members === this.#spec!.members) this.isPanic = isPanic;
    return groups.map(({ members: some, share }) => ({
      members: some.map(({ target }) => target),
      share,
    }));
  }

  #subset(subset: Subset, { subsetKey }: PickWish): Choice<Target> | null {
    const key = subsetKey!;
    const spec = this.#spec;
    if (spec === null) return null;
    let known = this.#subsets.get(subset);
    if (known === undefined) {
      known = new Map();
      this.#subsets.set(subset, known);
    }
    // What callers ask for and nobody has makes no entry: there are no more of them than combinations of labels.
    const text = subset.isAnyOf(key, this.#valuesOf) ? key.join("\n") : "";
    let choice = known.get(text);
    if (choice === undefined) {
      const members =
        text === "" ? [] : spec.members.filter(({ labels = {} }) => subset.has(key, labels));
      const isFallback = members.length === 0 && subset.fallback === "any";
      choice = isFallback ? this.#all! : this.#choose(members, null);
      known.set(text, choice);
    }
    return choice;
  }

  readonly #valuesOf = (label: string): ReadonlySet<string> => {
    let values = this.#values.get(label);
    if (values === undefined) {
      values = new Set();
      for (const { labels } of this.#spec!.members) {
        const value = labels?.[label];
        if (value !== undefined) values.add(value);
      }
      this.#values.set(label, values);
    }
    return values;
  };
}

/** What `shareOut` comes to in the usual case, without priorities and zones, and nobody out: at once. Null: it is not that. */
function plainGroups(
  members: readonly BackendMember[],
  { policy }: BackendSpec,
): Group<Target>[] | null {
  if (policy.zones !== undefined) return null;
  const targets: Target[] = [];
  for (const { target, phase, priority } of members) {
    if (phase !== "ready") continue;
    if (target.isAway || !target.health.isWell || priority !== undefined) return null;
    targets.push(target);
  }
  return targets.length === 0 ? [] : [{ members: targets, share: 1 }];
}

interface MemberSharer extends Sharer {
  readonly target: Target;
}

function sharerOf({ target, zone = "", priority = 0 }: BackendMember): MemberSharer {
  return { target, isNear: !target.isAway, isWell: target.health.isWell, zone, priority };
}
