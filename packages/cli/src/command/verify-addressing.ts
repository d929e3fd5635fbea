import { exits, Fault } from "../render/fault.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { apiOf, type World } from "./world.ts";

/** `heddle verify addressing`. Sets the exit code. */
export async function verifyAddressing(world: World, options: VerifyOptions): Promise<void> {
  await apiOf(world, options);
  throw new Fault(exits.usage, "verify addressing needs recorded histories of messages");
}
