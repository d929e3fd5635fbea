import { type Command, Option } from "commander";
import { outputFormats } from "../render/output.ts";

/** Options that many commands take. */
export interface MeshOptions {
  readonly mesh?: string;
}

export interface NamespaceOptions extends MeshOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
}

export interface OutputOptions {
  readonly output: string;
}

/** `--mesh DIR` */
export function withMesh(command: Command): Command {
  return command.addOption(
    new Option("--mesh <dir>", "the mesh's state folder, or the folder it is in").env(
      "HEDDLE_MESH",
    ),
  );
}

/** `-n`, `-A` */
export function withNamespace(command: Command): Command {
  return command
    .option("-n, --namespace <name>", 'namespace (default: "default")')
    .option("-A, --all-namespaces", "all namespaces");
}

/** `-o table|wide|json|yaml|name` */
export function withOutput(command: Command): Command {
  return command.addOption(
    new Option("-o, --output <format>", "how to print it")
      .choices([...outputFormats])
      .default("table"),
  );
}

/** Examples below the help: a command, and what it does. */
export function withExamples(
  command: Command,
  examples: readonly (readonly [line: string, meaning: string])[],
): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const text = examples.map(([line, meaning]) => `  ${line.padEnd(width)}   ${meaning}`);
  return command.addHelpText("after", `\nExamples:\n${text.join("\n")}`);
}

/** The namespace to ask for; null: all. */
export function namespaceOf(options: NamespaceOptions): string | null {
  return options.allNamespaces === true ? null : (options.namespace ?? "default");
}
