import { lastOf, leftOut, recordsBound } from "../api/read-bound.ts";
import { RecordedWindow, SETTLE_MS } from "./recorded-window.ts";
import { parseSince } from "./since.ts";
import { mustBeSeen } from "./unseen.ts";
import type { ServiceOptions } from "./verify-options.ts";
import { type Report, report } from "./verify-report.ts";
import type { Subject } from "./verify-subject.ts";
import type { World } from "./world.ts";

/**
 * `verify <service>`: judges what was recorded of it until now, of a full store the newest. Where it was asked a moment ago
 * the last of its records are read once more when all of them are here.
 */
export async function verifyRecorded(
  world: World,
  subject: Subject,
  options: ServiceOptions,
): Promise<void> {
  const { clock } = world;
  await mustBeSeen(subject.api, `heddle verify ${subject.service} --drive`);
  const sinceWallMs = parseSince(options.since, clock.wallMs());
  const asked = { sinceWallMs, last: options.last ?? null, key: options.key ?? null };
  const fromMs = clock.monotonicMs();
  const fromWallMs = clock.wallMs();
  const window = await RecordedWindow.open(world, subject, asked);
  const last = lastOf(recordsBound, options.since);
  const since = sinceWallMs === null ? {} : { since: String(sinceWallMs) };
  await window.read({ last, ...since });
  const older = leftOut(window.complete, recordsBound, options.since);
  if (window.latestMs > fromMs - SETTLE_MS) {
    const leftMs = SETTLE_MS - (clock.monotonicMs() - fromMs);
    await new Promise<void>((resolve) => clock.after(Math.max(0, leftMs), resolve));
    // What was not here a moment ago; the rest is.
    await window.read({ since: String(fromWallMs - 5 * SETTLE_MS) });
  }
  const made = window.judge();
  await report(world, subject, older === null ? made : withAssumption(made, older), options.output);
}

function withAssumption(made: Report, assumption: string): Report {
  const { verdict } = made;
  return {
    ...made,
    verdict: { ...verdict, assumptions: [...verdict.assumptions, assumption] },
  };
}
