import { Command, CommanderError } from "commander";
import { StatusError } from "../api/status-error.ts";
import { exits, Fault, faultOfTheSystem, formatFault } from "../render/fault.ts";
import { type CompletionWords, completionCommand } from "./completion.ts";
import { version } from "./own-version.ts";
import { type Verb, verbs } from "./verbs.ts";
import type { World } from "./world.ts";

/** The command line with these commands. */
export async function buildProgram(world: World, some: readonly Verb[] = verbs): Promise<Command> {
  const program = new Command("heddle")
    .description(
      "a service mesh on one machine: processes, a proxy beside each, mutual TLS between them",
    )
    .version(version, "-V, --version")
    .enablePositionalOptions()
    .showHelpAfterError(`See: ${world.program} --help`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => world.out.write(text),
      writeErr: (text) => world.err.write(text),
      getOutHelpWidth: () => world.out.columns,
      getErrHelpWidth: () => world.err.columns,
    });
  const add = (command: Command, group: string) => {
    program.addCommand(command.helpGroup(group).copyInheritedSettings(program));
  };
  for (const verb of some) add(await verb.build(world), verb.group);
  add(
    completionCommand(world, () => wordsOf(program)),
    "Other:",
  );
  program.addHelpCommand(
    new Command("help").argument("[command]").description("help for a command").helpGroup("Other:"),
  );
  program.addHelpText(
    "after",
    "\nExit codes: 0 yes, done, holds · 1 no, violated, refused · 2 plan: something would change · 3 undecided · 64 usage · 65 bad input · 69 no control plane · exec: the command's own",
  );
  return program;
}

/** Runs one command line. Returns its exit code. */
export async function run(world: World, argv: readonly string[]): Promise<number> {
  const typed = verbs.filter((verb) => verb.name === argv[0]);
  const program = await buildProgram(world, typed.length > 0 ? typed : verbs);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return Number(process.exitCode ?? exits.ok);
  } catch (error) {
    return explain(world, error);
  }
}

/** Says what is wrong. @throws what is our own bug. */
function explain(world: World, error: unknown): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exits.ok : exits.usage; // it has said why already
  }
  if (error instanceof StatusError) {
    world.err.write(`error: ${error.message}\n`);
    return [400, 422].includes(error.status.code) ? exits.badInput : exits.no;
  }
  const fault = error instanceof Fault ? error : faultOfTheSystem(error);
  if (fault === null) throw error;
  world.err.write(formatFault(fault, world.program));
  return fault.exitCode;
}

function wordsOf(program: Command): CompletionWords {
  return {
    verbs: program.commands.map((command) => ({
      name: command.name(),
      options: command.options.flatMap(({ short, long }) => [short, long].filter(isText)),
    })),
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
