import { exits, Fault } from "../render/fault.ts";
import { RecordedWindow } from "./recorded-window.ts";
import { parseSince } from "./since.ts";
import { whyUnseen } from "./unseen.ts";
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
  const { api, service } = subject;
  const why = await whyUnseen(api);
  if (why !== null) {
    throw new Fault(exits.no, why, `${world.program} verify ${service} --drive`);
  }
  const sinceWallMs = parseSince(options.since, world.clock.wallMs());
  const window = await RecordedWindow.open(world, subject, {
    sinceWallMs,
    last: options.last ?? null,
    key: options.key ?? null,
  });
  for await (const line of api.lines("recorded", { query: { store: "whole" } })) {
    window.add(line);
  }
  await report(world, subject, window.judge(), options.output);
}
