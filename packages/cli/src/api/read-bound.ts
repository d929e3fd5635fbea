import type { Recorded } from "./recorded.ts";

/** Exchanges of a full store that are read: the newest, and more of them where `--since` says from when. */
export interface ReadBound {
  readonly usual: number;
  readonly withSince: number;
}

const recordsMax = 200_000;
const recordsSinceMax = 500_000;
const eventsMax = 50_000;
const eventsSinceMax = 200_000;

/** What is judged as it was recorded, 1 to 2 kB each: a Contract, and constraints. */
export const recordsBound: ReadBound = { usual: recordsMax, withSince: recordsSinceMax };
/** What becomes four events and more, some 8 kB in all: histories, views, addressing. */
export const eventsBound: ReadBound = { usual: eventsMax, withSince: eventsSinceMax };

/** How many are asked for, as a query has it. */
export function lastOf(bound: ReadBound, since: string | undefined): string {
  return String(since === undefined ? bound.usual : bound.withSince);
}

/** What was not read, in a sentence; null: all was. */
export function leftOut(
  complete: Recorded["complete"],
  bound: ReadBound,
  since: string | undefined,
): string | null {
  const untilWallMs = complete?.leftOutUntilWallMs ?? null;
  if (untilWallMs === null) return null;
  const time = new Date(untilWallMs).toTimeString().slice(0, 8);
  const count = Number(lastOf(bound, since)).toLocaleString("en-US");
  const more = since === undefined ? "; --since for more" : ", which is the most";
  return `what ended before ${time} was not read: the newest ${count} exchanges were${more}`;
}
