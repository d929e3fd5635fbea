import { randomInt } from "node:crypto";
import { parseArguments, usage } from "./env.ts";
import { runFromFile } from "./file-mode.ts";
import { openSidecar } from "./sidecar.ts";

/** The sidecar: one process per workload. */
async function main(): Promise<void> {
  const parsed = parseArguments(process.argv.slice(2));
  if (typeof parsed === "string") {
    process.stderr.write(`${parsed}\n${usage}\n`);
    process.exit(64);
  }
  // Not the process's id: proxies of many hosts would share it, and with it their pauses and turns.
  const seed = randomInt(2 ** 32);
  switch (parsed.mode) {
    case "file":
      await runFromFile(await openSidecar(seed, parsed.stateDir), parsed.path, parsed.stateDir);
      return;
    case "host": {
      // Identity and control connection load only where they are used.
      const { runUnderHost } = await import("./host-mode.ts");
      await runUnderHost((stateDir) => openSidecar(seed, stateDir));
      return;
    }
  }
}

main().catch((cause: Error) => {
  process.stderr.write(`${cause.message}\n`);
  process.exit(65);
});
