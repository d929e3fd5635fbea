import type { Command } from "commander";
import { buildProgram } from "../../packages/cli/src/command/program.ts";
import { openWorld } from "../../packages/cli/src/command/world.ts";
import { exits } from "../../packages/cli/src/render/fault.ts";

const meanings: Readonly<Record<keyof typeof exits, string>> = {
  ok: "yes, done, holds",
  no: "no, violated, refused, not found, not ready",
  changes: "`plan`: something would change",
  undecided: "undecided: what was recorded does not tell",
  usage: "the command line is not understood",
  badInput: "bad input: a manifest with mistakes, a file that is not there",
  noControl: "no control plane answers",
};

const head = `\
# The command line

In a clone the command is \`./heddle\`, installed it is \`heddle\`. This page is what \`heddle <command> --help\` says, all in one place; a test
writes it: \`npm test -- test/e2e/cli.test.ts -u\` after a change.

## Which mesh

A command finds its mesh by \`--mesh DIR\`, else \`$HEDDLE_MESH\`, else the nearest \`.heddle/\` from here upwards, else the only one of
yours that runs. Where several run and none is meant, it says which there are.

## Exit codes

| code | means |
|---|---|
`;

/** `docs/cli.md`, from the commands themselves. */
export async function renderCliPage(): Promise<string> {
  const program = await buildProgram(openWorld());
  const codes = Object.entries(exits).map(
    ([name, code]) => `| ${code} | ${meanings[name as keyof typeof exits]} |\n`,
  );
  const own = "| other | of `exec`: the command's own; 127 where it is not there |\n";
  const groups = new Map<string, Command[]>();
  for (const command of program.commands) {
    const group = command.helpGroup();
    groups.set(group, [...(groups.get(group) ?? []), command]);
  }
  const sections = [...groups].map(
    ([group, commands]) => `\n## ${group.replace(/:$/, "")}\n${commands.map(section).join("")}`,
  );
  return `${head}${codes.join("")}${own}${sections.join("")}`;
}

function section(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (piece) => {
      text += piece;
    },
    getOutHelpWidth: () => 100,
  });
  command.outputHelp();
  return `\n### ${command.name()}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
}
