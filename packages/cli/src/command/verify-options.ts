import { type Command, InvalidArgumentError, Option } from "commander";
import { CALLERS_MAX, DRIVEN_MAX, KEYS_MAX } from "../drive/limits.ts";
import type { FaultKind } from "../drive/session.ts";
import { exits, Fault } from "../render/fault.ts";
import type { SourceOptions } from "./recorded-source.ts";

/** Options of `verify`, whatever its subject. */
export interface VerifyOptions extends SourceOptions {
  readonly namespace?: string;
  readonly output: "table" | "json";
}

/** Options of `verify <service>` besides. */
export interface ServiceOptions extends VerifyOptions {
  /** Only so many of the newest operations. */
  readonly last?: number;
  readonly key?: string;
  readonly watch?: boolean;
  readonly drive?: boolean;
  readonly yes?: boolean;
  readonly callers?: number;
  readonly seed?: number;
  readonly keys?: number;
  readonly operations?: number;
  /** In ms. */
  readonly for?: number;
  readonly faults?: readonly FaultKind[];
}

/** What each subject takes, besides `-o` and `--mesh`; of a service it depends on whether it is driven. */
const taken = {
  addressing: ["namespace", "since", "from", "proxy"],
  constraints: ["since"],
  recorded: ["namespace", "since", "last", "key", "watch"],
  driven: ["namespace", "drive", "yes", "callers", "seed", "keys", "operations", "for", "faults"],
} as const satisfies Readonly<Record<string, readonly (keyof ServiceOptions)[]>>;

const common: readonly (keyof ServiceOptions)[] = ["mesh", "output"];

/** Nobody believes that what is passed over in silence was acted on. @throws Fault 64 for an option of another subject. */
export function mustSuit(subject: keyof typeof taken, options: ServiceOptions): void {
  const suits = new Set<string>([...common, ...taken[subject]]);
  const lone = Object.keys(options).find((name) => !suits.has(name));
  if (lone === undefined) return;
  const home = (["driven", "recorded", "addressing"] as const).find((each) =>
    taken[each].some((name) => name === lone),
  )!;
  throw new Fault(
    exits.usage,
    `--${lone} goes with ${words[home]}, not with ${words[subject]}`,
    "heddle verify --help",
  );
}

const faultKinds: readonly FaultKind[] = ["kill", "pause", "delay", "reset"];

/** Adds the options of `verify <service>`. */
export function withServiceOptions(command: Command): Command {
  const number = (max: number) => (text: string) => parseNumber(text, max);
  return command
    .option("--last <number>", "of a service: only so many of the newest operations", number(1e9))
    .option("--key <key>", "of a service: only this key")
    .option("--watch", "of a service: check what comes, until Ctrl-C")
    .option("--drive", "of a service: ask it ourselves, from callers that record themselves")
    .option("-y, --yes", "write to the service without asking")
    .option("--callers <number>", "with --drive: how many (default: 8)", number(CALLERS_MAX))
    .option("--seed <number>", "the same seed, the same operations (default: 1)", number(2 ** 32))
    .option("--keys <number>", "keys of its own, from 2000001 (default: 200)", number(KEYS_MAX))
    .option("--operations <number>", "how many (default: 20000)", number(DRIVEN_MAX))
    .addOption(
      new Option("--for <time>", "in place of a number of operations: 10s, 2m")
        .argParser(parseTime)
        .conflicts("operations"),
    )
    .addOption(
      new Option(
        "--faults <kinds>",
        "meanwhile: kill, pause (its processes), delay, reset (our requests)",
      ).argParser(parseFaults),
    );
}

const words: Readonly<Record<keyof typeof taken, string>> = {
  addressing: "verify addressing",
  constraints: "verify constraints",
  recorded: "verify <service>",
  driven: "verify <service> --drive",
};

function parseNumber(text: string, max: number): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : -1;
  if (value >= 1 && value <= max) return value;
  throw new InvalidArgumentError(`expected a whole number from 1 to ${max}.`);
}

function parseTime(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,6})(s|m)$/.exec(text) ?? [];
  if (count !== "" && Number(count) > 0) return Number(count) * (unit === "s" ? 1000 : 60_000);
  throw new InvalidArgumentError("expected seconds or minutes: 10s, 2m.");
}

function parseFaults(text: string): readonly FaultKind[] {
  const kinds = text.split(",").map((each) => each.trim());
  const unknown = kinds.find((kind) => !faultKinds.some((known) => known === kind));
  if (unknown === undefined) return [...new Set(kinds)] as FaultKind[];
  throw new InvalidArgumentError(`expected some of ${faultKinds.join(", ")}, not "${unknown}".`);
}
