import { growthPerHour, type Sample } from "./sample.ts";

/** Settled memory of a proxy may grow so much over a whole soak: what a heap still finds its size with. */
export const growthKbMax = 16 * 1024;
/** Descriptors may be so many more at the end than at the first pause: connections that are kept open, and a dial. */
export const descriptorsMax = 16;

/** What stands against a proxy, by what it held in the pauses of a soak; null: nothing. */
export function objectToGrowth(name: string, settled: readonly Sample[]): string | null {
  const [first, last] = [settled[0], settled.at(-1)];
  if (first === undefined || last === undefined || first === last) return `${name}: no two pauses`;
  // Along the line, not from first to last: one pause with garbage in it is no leak.
  const hours = (last.atMs - first.atMs) / 3_600_000;
  const growthKb = growthPerHour(settled, ({ privateDirtyKb }) => privateDirtyKb) * hours;
  if (growthKb > growthKbMax)
    return `${name}: settled memory grew by ${Math.round(growthKb / 1024)} MB`;
  const more = last.descriptors - first.descriptors;
  if (more > descriptorsMax) return `${name}: ${more} more descriptors are open than at first`;
  return null;
}
