import { Command, Option } from "commander";
import { withExamples, withMesh } from "./options.ts";
import { withSince, withSource } from "./recorded-source.ts";
import { mustSuit, type ServiceOptions, withServiceOptions } from "./verify-options.ts";
import type { World } from "./world.ts";

export function verifyCommand(world: World): Command {
  const command = new Command("verify")
    .description("does it hold: a service's contract, the addressing rules, the constraints")
    .argument("<subject>", "a service with a Contract, or: addressing, constraints")
    .option("-n, --namespace <name>", 'namespace (default: "default")')
    .addOption(
      new Option("-o, --output <format>", "how to print it")
        .choices(["table", "json"])
        .default("table"),
    )
    .action(async (subject: string, options: ServiceOptions) => {
      // A service of one of these names is `service/addressing`.
      if (subject === "addressing") {
        mustSuit("addressing", options);
        const { verifyAddressing } = await import("./verify-addressing.ts");
        await verifyAddressing(world, options);
      } else if (subject === "constraints") {
        mustSuit("constraints", options);
        const { verifyConstraints } = await import("./verify-constraints.ts");
        await verifyConstraints(world, options);
      } else {
        mustSuit(options.drive === true ? "driven" : "recorded", options);
        const { verifyService } = await import("./verify-service.ts");
        await verifyService(world, subject.replace(/^(services?|svc)\//, ""), options);
      }
    });
  return withExamples(withMesh(withSource(withServiceOptions(withSince(command)))), [
    ["heddle verify kvs", "what was recorded of kvs against its Contract"],
    ["heddle verify kvs --drive", "ask it 20,000 times from 8 callers, and judge what they saw"],
    ["heddle verify kvs --drive --faults pause,reset --for 30s", "with faults meanwhile"],
    ["heddle verify kvs --watch", "live: a condition on the Contract, a metric, an event"],
    ["heddle verify addressing", "every message reached the one it was meant for"],
    ["heddle verify constraints", "every process kept what was compiled for it"],
  ]);
}
