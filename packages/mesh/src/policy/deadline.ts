/**
 * How much time a request has left, in ms: said by a caller, by each proxy to the next, and by the last to the process, so that one
 * that passes the field on to what it asks itself has its limit shrink hop by hop. Calls of gRPC have `grpc-timeout` instead.
 *
 *   x-heddle-deadline-ms: 1500              from a client, and between proxies
 *   x-heddle-deadline-ms: 1480;from=73514   to a process: what was left at that moment of its host's monotonic clock
 *
 * Passed on as it was told, the second form counts what the process itself has spent as well: its proxy has the same clock.
 */
export const deadlineField = "x-heddle-deadline-ms";

const TOLD = /^([0-9]{1,9})(?:;from=([0-9]{1,15}))?$/;

/**
 * What is left of a caller's time now, in ms; null: the field says nothing that can be read, and so nothing at all.
 * @param nowMs of the host's monotonic clock; null: the caller is not of this host, and its clock is another
 */
export function parseDeadline(text: string, nowMs: number | null): number | null {
  const match = TOLD.exec(text);
  if (match === null) return null;
  const leftMs = Number(match[1]);
  const [, , from] = match;
  if (from === undefined || nowMs === null) return leftMs;
  return leftMs - Math.max(0, nowMs - Number(from));
}

/** @param nowMs of the host's monotonic clock where a process is told; null: a proxy is */
export function formatDeadline(leftMs: number, nowMs: number | null): string {
  const left = String(Math.max(0, Math.floor(leftMs)));
  return nowMs === null ? left : `${left};from=${Math.floor(nowMs)}`;
}
