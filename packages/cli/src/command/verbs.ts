import type { Command } from "commander";
import type { World } from "./world.ts";

/** A command of the command line. */
export interface Verb {
  readonly name: string;
  /** Its heading in the help. */
  readonly group: string;
  /** Builds it; what it needs is loaded only now, for loading is half of the time of a short command. */
  readonly build: (world: World) => Promise<Command>;
}

const running = "Run a mesh:";
const traffic = "See traffic:";
const proof = "Prove what holds:";
const intent = "Change intent:";
const alone = "Without a supervisor:";
const other = "Other:";

/** Every command, in the order of the help. To add one: a file, its test, a line here. */
export const verbs: readonly Verb[] = [
  verb("up", running, async () => (await import("./up.ts")).upCommand),
  verb("down", running, async () => (await import("./down.ts")).downCommand),
  verb("ps", running, async () => (await import("./ps.ts")).psCommand),
  verb("logs", running, async () => (await import("./logs.ts")).logsCommand),
  verb("exec", running, async () => (await import("./exec.ts")).execCommand),
  verb("check", running, async () => (await import("./check.ts")).checkCommand),
  verb("stat", traffic, async () => (await import("./stat.ts")).statCommand),
  verb("edges", traffic, async () => (await import("./stat.ts")).edgesCommand),
  verb("tap", traffic, async () => (await import("./tap.ts")).tapCommand),
  verb("history", traffic, async () => (await import("./history.ts")).historyCommand),
  verb("view", traffic, async () => (await import("./view.ts")).viewCommand),
  verb("endpoints", traffic, async () => (await import("./stat.ts")).endpointsCommand),
  verb("verify", proof, async () => (await import("./verify.ts")).verifyCommand),
  verb("constraints", proof, async () => (await import("./constraints.ts")).constraintsCommand),
  verb("apply", intent, async () => (await import("./apply.ts")).applyCommand),
  verb("plan", intent, async () => (await import("./plan.ts")).planCommand),
  verb("route", intent, async () => (await import("./route.ts")).routeCommand),
  verb("get", intent, async () => (await import("./get.ts")).getCommand),
  verb("describe", intent, async () => (await import("./describe.ts")).describeCommand),
  verb("explain", intent, async () => (await import("./explain.ts")).explainCommand),
  verb("delete", intent, async () => (await import("./delete.ts")).deleteCommand),
  verb("revisions", intent, async () => (await import("./revisions.ts")).revisionsCommand),
  verb("rollback", intent, async () => (await import("./revisions.ts")).rollbackCommand),
  verb("compile", alone, async () => (await import("./compile.ts")).compileCommand),
  verb("proxy", alone, async () => (await import("./processes.ts")).proxyCommand),
  verb("control", alone, async () => (await import("./processes.ts")).controlCommand),
  verb("version", other, async () => (await import("./version.ts")).versionCommand),
];

function verb(name: string, group: string, load: () => Promise<(world: World) => Command>): Verb {
  return { name, group, build: async (world) => (await load())(world) };
}
