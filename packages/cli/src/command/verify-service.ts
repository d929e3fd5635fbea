import type { ServiceOptions } from "./verify-options.ts";
import { openSubject } from "./verify-subject.ts";
import type { World } from "./world.ts";

/** `heddle verify <service>`: judges, prints, and sets the exit code. @throws Fault. */
export async function verifyService(
  world: World,
  service: string,
  options: ServiceOptions,
): Promise<void> {
  const subject = await openSubject(world, service, options);
  if (options.drive === true) {
    const { verifyDriven } = await import("./verify-driven.ts");
    await verifyDriven(world, subject, options);
  } else if (options.watch === true) {
    const { verifyWatching } = await import("./verify-watching.ts");
    await verifyWatching(world, subject, options);
  } else {
    const { verifyRecorded } = await import("./verify-recorded.ts");
    await verifyRecorded(world, subject, options);
  }
}
