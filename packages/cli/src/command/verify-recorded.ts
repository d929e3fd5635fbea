import { RecordedWindow, SETTLE_MS, type WindowOptions } from "./recorded-window.ts";
import { parseSince } from "./since.ts";
import { mustBeSeen } from "./unseen.ts";
import type { ServiceOptions } from "./verify-options.ts";
import { report } from "./verify-report.ts";
import type { Subject } from "./verify-subject.ts";
import type { World } from "./world.ts";

/**
 * `verify <service>`: judges what was recorded of it until now. Where it was asked a moment ago its records are read once
 * more when all of them are here.
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
  let window = await read(world, subject, asked);
  if (window.latestMs > fromMs - SETTLE_MS) {
    const leftMs = SETTLE_MS - (clock.monotonicMs() - fromMs);
    await new Promise<void>((resolve) => clock.after(Math.max(0, leftMs), resolve));
    window = await read(world, subject, asked);
  }
  await report(world, subject, window.judge(), options.output);
}

async function read(
  world: World,
  subject: Subject,
  options: WindowOptions,
): Promise<RecordedWindow> {
  const window = await RecordedWindow.open(world, subject, options);
  for await (const line of subject.api.lines("recorded", { query: { store: "whole" } })) {
    window.add(line);
  }
  return window;
}
