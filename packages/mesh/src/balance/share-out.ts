import type { ZonesDoc } from "../model/policy.ts";

/** An endpoint that is ready, as the choice among groups sees it. */
export interface Sharer {
  /** Can it be connected to? Who cannot is nobody's choice, in panic neither. */
  readonly isNear: boolean;
  /** Has no breaker, detector or health check taken it out? */
  readonly isWell: boolean;
  /** Empty: unknown. */
  readonly zone: string;
  readonly priority: number;
}

/** Endpoints that are chosen among together, and how many of 1 requests go there. */
export interface Group<S> {
  readonly members: readonly S[];
  readonly share: number;
}

export interface SharedOut<S> {
  /** The own zone and better priorities first. Their shares add up to 1, or there is none. */
  readonly groups: readonly Group<S>[];
  /** Are some used although they are not well, because too few are? */
  readonly isPanic: boolean;
}

export interface ShareOptions {
  /** The caller's; empty: unknown. */
  readonly zone: string;
  readonly zones: ZonesDoc | null;
  readonly panicThreshold: number;
}

/** A priority suffices while its share of well endpoints × this is 1 or more (Envoy `overprovisioning_factor` 140). */
export const overprovisioning = 1.4;

/**
 * How requests are shared out, before a picker chooses (Envoy "priority levels", "panic threshold", "zone aware routing").
 *
 * The first priority gets all while enough of it are well, else as much as its well ones stand for, and the next gets the rest.
 * Where all priorities together do not suffice each gets its part of what there is; and one with fewer well endpoints than
 * the panic threshold uses all that can be reached, since the few would only fall, too. Of what a priority gets the own zone
 * has all, by the same rule.
 */
export function shareOut<S extends Sharer>(
  sharers: readonly S[],
  options: ShareOptions,
): SharedOut<S> {
  const levels = levelsOf(sharers);
  const available = levels.map((level) => Math.min(1, wellShare(level) * overprovisioning));
  const sum = available.reduce((total, one) => total + one, 0);
  const isShort = sum < 1;
  const groups: Group<S>[] = [];
  let isPanic = false;
  let left = 1;
  for (const [index, level] of levels.entries()) {
    const panics = isShort && wellShare(level) < options.panicThreshold;
    const members = level.filter(({ isNear, isWell }) => isNear && (isWell || panics));
    if (panics && members.some(({ isWell }) => !isWell)) isPanic = true;
    const part = isShort
      ? sum === 0
        ? 0
        : available[index]! / sum
      : Math.min(left, available[index]!);
    left -= part;
    // With nobody well anywhere, the first that has anybody gets all.
    const share = sum === 0 ? (groups.length === 0 ? 1 : 0) : part;
    if (share <= 0 || members.length === 0) continue;
    if (panics) groups.push({ members, share });
    else groups.push(...byZone(level, members, share, options));
  }
  return { groups, isPanic };
}

function levelsOf<S extends Sharer>(sharers: readonly S[]): readonly (readonly S[])[] {
  if (sharers.length === 0) return [];
  const first = sharers[0]!.priority;
  if (sharers.every(({ priority }) => priority === first)) return [sharers];
  const priorities = [...new Set(sharers.map(({ priority }) => priority))].sort((a, b) => a - b);
  return priorities.map((priority) => sharers.filter((one) => one.priority === priority));
}

function wellShare(level: readonly Sharer[]): number {
  let well = 0;
  for (const { isNear, isWell } of level) if (isNear && isWell) well++;
  return level.length === 0 ? 0 : well / level.length;
}

function byZone<S extends Sharer>(
  level: readonly S[],
  members: readonly S[],
  share: number,
  { zone, zones }: ShareOptions,
): Group<S>[] {
  if (zones === null || zone === "" || level.length < zones.endpointsMin)
    return [{ members, share }];
  const own = members.filter((one) => one.zone === zone);
  const others = members.filter((one) => one.zone !== zone);
  if (own.length === 0 || others.length === 0) return [{ members, share }];
  const ofZone = level.filter((one) => one.zone === zone);
  const suffices = Math.min(1, wellShare(ofZone) * zones.overprovisioning);
  const groups = [{ members: own, share: share * suffices }];
  if (suffices < 1) groups.push({ members: others, share: share * (1 - suffices) });
  return groups;
}
