import { exits, Fault } from "../render/fault.ts";

const units: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `10m` ago, or a moment as `2026-10-14T03:12:00Z`, in wall ms; null: all that is kept. @throws Fault for other words. */
export function parseSince(text: string | undefined, nowWallMs: number): number | null {
  if (text === undefined) return null;
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return nowWallMs - Number(count) * units[unit!]!;
  const atMs = Date.parse(text);
  if (!Number.isNaN(atMs)) return atMs;
  throw new Fault(
    exits.usage,
    `--since ${text}: expected 10m, 2h, or a moment as 2026-10-14T03:12:00Z`,
  );
}
