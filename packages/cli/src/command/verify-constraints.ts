import { exits, Fault } from "../render/fault.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { apiOf, type World } from "./world.ts";

/** `heddle verify constraints`. Sets the exit code. */
export async function verifyConstraints(world: World, options: VerifyOptions): Promise<void> {
  await apiOf(world, options);
  throw new Fault(
    exits.usage,
    "verify constraints needs compiled constraints and recorded histories",
  );
}
