import type { SlotsDoc } from "../model/document.ts";

/**
 * Spreads `slots` slots over `owners`, starting from `previous`: each owner gets as many as any other, give or take
 * one, and no slot moves that need not. The same input gives the same answer. An owner that is away is still an owner:
 * only scaling and removal move slots.
 *
 * The epoch grows by one when an owner or a slot changed; else `previous` itself comes back.
 */
export function assignSlots(
  previous: SlotsDoc | null,
  owners: readonly string[],
  slots: number,
): SlotsDoc {
  const kept = previous !== null && previous.assignment.length === slots ? previous : null;
  const order = ownersInOrder(kept?.owners ?? [], owners);
  const assignment = keepSlots(kept, order, slots);
  if (order.length > 0) fillShares(assignment, order.length);
  if (kept !== null && same(kept.owners, order) && same(kept.assignment, assignment)) return kept;
  return { assignmentEpoch: (previous?.assignmentEpoch ?? 0) + 1, owners: order, assignment };
}

/** Those that stay, in their old order, then the new ones by name. */
function ownersInOrder(previous: readonly string[], owners: readonly string[]): string[] {
  const wanted = new Set(owners);
  const staying = previous.filter((owner) => wanted.has(owner));
  const known = new Set(staying);
  return [...staying, ...[...wanted].filter((owner) => !known.has(owner)).sort()];
}

/** Slots of owners that stay, by their new index; -1 where the owner has gone. */
function keepSlots(kept: SlotsDoc | null, order: readonly string[], slots: number): number[] {
  if (kept === null) return Array<number>(slots).fill(-1);
  const indexOf = new Map(order.map((owner, index) => [owner, index]));
  return kept.assignment.map((index) => indexOf.get(kept.owners[index] ?? "") ?? -1);
}

/** Takes from those above their share and gives to those below it, slots in ascending order. */
function fillShares(assignment: number[], owners: number): void {
  const counts = Array<number>(owners).fill(0);
  for (const owner of assignment) if (owner >= 0) counts[owner]!++;
  const share = evenShares(counts, assignment.length);
  for (let slot = assignment.length - 1; slot >= 0; slot--) {
    const owner = assignment[slot]!;
    if (owner < 0 || counts[owner]! <= share[owner]!) continue;
    counts[owner]!--;
    assignment[slot] = -1;
  }
  let next = 0;
  for (let slot = 0; slot < assignment.length; slot++) {
    if (assignment[slot]! >= 0) continue;
    // Round and round, so that neighbouring slots go to different owners.
    while (counts[next]! >= share[next]!) next = (next + 1) % owners;
    assignment[slot] = next;
    counts[next]!++;
    next = (next + 1) % owners;
  }
}

/** How many slots each owner shall have; the odd ones go to those who hold more than the rest already. */
function evenShares(counts: readonly number[], slots: number): number[] {
  const least = Math.floor(slots / counts.length);
  const byHolding = counts
    .map((_, owner) => owner)
    .sort((a, b) => counts[b]! - counts[a]! || a - b);
  const share = Array<number>(counts.length).fill(least);
  for (const owner of byHolding.slice(0, slots % counts.length)) share[owner]!++;
  return share;
}

function same<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
