#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// Before anything else is loaded: types stripped and code compiled once, not at each command.
enableCompileCache();
const { run } = await import("./command/program.ts");
const { openWorld } = await import("./command/world.ts");

process.exitCode = await run(openWorld(), process.argv.slice(2));
