import { Argument, Command } from "commander";
import { withExamples } from "./options.ts";
import type { World } from "./world.ts";

/** Words that may follow: subcommands, and for each its options. */
export interface CompletionWords {
  readonly verbs: readonly { readonly name: string; readonly options: readonly string[] }[];
}

export function completionCommand(world: World, words: () => CompletionWords): Command {
  const command = new Command("completion")
    .description("print a script that completes heddle's commands in a shell")
    .addArgument(new Argument("<shell>", "which shell").choices(["bash", "zsh", "fish"]))
    .action((shell: "bash" | "zsh" | "fish") => world.out.write(scripts[shell](words())));
  return withExamples(command, [
    ['eval "$(heddle completion bash)"', "in ~/.bashrc"],
    ["heddle completion fish | source", "in config.fish"],
  ]);
}

const scripts: Readonly<Record<"bash" | "zsh" | "fish", (words: CompletionWords) => string>> = {
  bash: ({ verbs }) => `_heddle() {
  local word="\${COMP_WORDS[COMP_CWORD]}" verb="\${COMP_WORDS[1]}" words
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${verbs.map((verb) => verb.name).join(" ")}"
  else
    case "$verb" in
${verbs.map((verb) => `      ${verb.name}) words="${verb.options.join(" ")}" ;;`).join("\n")}
    esac
    case "$word" in -*) ;; *) COMPREPLY=($(compgen -f -- "$word")); return ;; esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _heddle heddle ./heddle
`,
  zsh: ({ verbs }) => `#compdef heddle
_heddle() {
  if (( CURRENT == 2 )); then
    compadd ${verbs.map((verb) => verb.name).join(" ")}
    return
  fi
  case "$words[2]" in
${verbs.map((verb) => `    ${verb.name}) compadd -- ${verb.options.join(" ")} ;;`).join("\n")}
  esac
  _files
}
compdef _heddle heddle ./heddle
`,
  fish: ({ verbs }) =>
    verbs
      .flatMap((verb) => [
        `complete -c heddle -n __fish_use_subcommand -f -a ${verb.name}`,
        ...verb.options
          .filter((option) => option.startsWith("--"))
          .map(
            (option) =>
              `complete -c heddle -n "__fish_seen_subcommand_from ${verb.name}" -l ${option.slice(2)}`,
          ),
      ])
      .map((line) => `${line}\n`)
      .join(""),
};
