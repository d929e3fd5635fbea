import { exits, Fault } from "../render/fault.ts";
import { driveOptions, type ServiceOptions } from "./verify-options.ts";
import { openSubject } from "./verify-subject.ts";
import type { World } from "./world.ts";

/** `heddle verify <service>`: judges, prints, and sets the exit code. @throws Fault. */
export async function verifyService(
  world: World,
  service: string,
  options: ServiceOptions,
): Promise<void> {
  checkOptions(world, service, options);
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

function checkOptions({ program }: World, service: string, options: ServiceOptions): void {
  const again = `${program} verify ${service}`;
  const wrong = (message: string, hint: string) => new Fault(exits.usage, message, hint);
  const elsewhere = (["from", "proxy"] as const).find((name) => options[name] !== undefined);
  if (elsewhere !== undefined) {
    throw wrong(`--${elsewhere} is of addressing and constraints, not of a service`, again);
  }
  const lone = driveOptions.find((name) => options[name] !== undefined);
  if (options.drive !== true && lone !== undefined) {
    throw wrong(`--${lone} is of --drive`, `${again} --drive --${lone} …`);
  }
  if (options.drive === true && options.watch === true) {
    throw wrong("--watch looks on, --drive asks: one of them", `${again} --watch`);
  }
  const narrows = (["since", "last", "key"] as const).find((name) => options[name] !== undefined);
  if (options.drive === true && narrows !== undefined) {
    throw wrong(`--${narrows} is of what was recorded, not of --drive`, `${again} --${narrows} …`);
  }
  if (options.operations !== undefined && options.for !== undefined) {
    throw wrong("--operations and --for: one of them", `${again} --drive --for 10s`);
  }
}
