import { RecordedWindow } from "./recorded-window.ts";
import { parseSince } from "./since.ts";
import type { ServiceOptions } from "./verify-options.ts";
import { report } from "./verify-report.ts";
import type { Subject } from "./verify-subject.ts";
import type { World } from "./world.ts";

/** `verify <service>`: judges what was recorded of it. */
export async function verifyRecorded(
  world: World,
  subject: Subject,
  options: ServiceOptions,
): Promise<void> {
  const sinceWallMs = parseSince(options.since, world.clock.wallMs());
  const window = await RecordedWindow.open(world, subject, {
    sinceWallMs,
    last: options.last ?? null,
    key: options.key ?? null,
  });
  for await (const line of subject.api.lines("recorded", { query: { store: "whole" } })) {
    window.add(line);
  }
  await report(world, subject, window.judge(), options.output);
}
