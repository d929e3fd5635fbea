import type { TapLine, TapQuery } from "@heddle/control/api/verbs.ts";
import { carriedProtocols } from "@heddle/mesh/model/protocol.ts";
import { formatTapItem, type TapItem } from "@heddle/mesh/telemetry/tap.ts";
import { Command, InvalidArgumentError, Option } from "commander";
import { type NamespaceOptions, withExamples, withMesh, withNamespace } from "./options.ts";
import { mustBeSeen } from "./unseen.ts";
import { apiOf, type World } from "./world.ts";

interface Options extends NamespaceOptions {
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly status?: string;
  readonly from?: string;
  readonly to?: string;
  readonly direction?: string;
  readonly protocol?: string;
  readonly maxRps?: string;
  readonly output: "table" | "json";
}

export function tapCommand(world: World): Command {
  const command = new Command("tap")
    .description("live exchanges, as the proxies see them, until Ctrl-C")
    .argument("[target]", "service/kvs, process/kvs or workload/kvs-0; default: all")
    .option("--method <name>", "only this method")
    .option("--path <prefix>", "only paths that begin so")
    .option("--authority <name>", "only this authority")
    .option("--status <code>", "only this status, or a class: 5 is 5xx", parseStatus)
    .option("--from <workload>", "only what this workload asks")
    .option("--to <workload>", "only what this workload is asked")
    .addOption(
      new Option("--protocol <name>", "only what its caller spoke; tls and tcp are octets").choices(
        carriedProtocols,
      ),
    )
    .addOption(
      new Option(
        "--direction <side>",
        "seen by the proxy of whom is asked, or of who asks (default: in; of a workload both)",
      ).choices(["in", "out"]),
    )
    .option(
      "--max-rps <number>",
      "requests per second and proxy, at most (default: 100)",
      parseRate,
    )
    .addOption(
      new Option("-o, --output <format>", "table: a line for each step; json: one object a line")
        .choices(["table", "json"])
        .default("table"),
    )
    .action(async (target: string | undefined, options: Options) => {
      const api = await apiOf(world, options);
      await mustBeSeen(api);
      const stop = new AbortController();
      process.once("SIGINT", () => stop.abort()).once("SIGTERM", () => stop.abort());
      const query: TapQuery = {
        ...given("target", target),
        ...given("namespace", options.namespace),
        ...given("method", options.method?.toUpperCase()),
        ...given("path", options.path),
        ...given("authority", options.authority),
        ...given("status", options.status),
        ...given("source", options.from),
        ...given("destination", options.to),
        ...given("direction", options.direction ?? defaultDirection(target)),
        ...given("protocol", options.protocol),
        ...given("maxRps", options.maxRps),
      };
      const printer = new TapPrinter(world, options.output === "json");
      for await (const line of api.lines("tap", { query: { ...query }, signal: stop.signal })) {
        printer.print(line as TapLine);
      }
    });
  return withExamples(withMesh(withNamespace(command)), [
    ["heddle tap service/kvs --method PUT", "writes to kvs"],
    ["heddle tap --status 5", "whatever fails"],
    ["heddle tap --protocol tcp", "connections of octets, once they are over"],
    ["heddle tap --from visitor-0 -o json", "for a script"],
  ]);
}

class TapPrinter {
  readonly #world: World;
  readonly #isJson: boolean;
  /** Proxies are numbered in the order in which they are first seen. */
  readonly #numbers = new Map<string, number>();

  constructor(world: World, isJson: boolean) {
    this.#world = world;
    this.#isJson = isJson;
  }

  print(line: TapLine): void {
    const { out, err } = this.#world;
    if (this.#isJson) {
      out.write(`${JSON.stringify(line)}\n`);
    } else if ("dropped" in line) {
      err.write(`… ${line.dropped} more exchanges came too fast to be shown; see --max-rps\n`);
    } else {
      const number = this.#numbers.get(line.workload) ?? this.#numbers.size;
      this.#numbers.set(line.workload, number);
      out.write(`${formatTapItem(line.item as TapItem, number)}\n`);
    }
  }
}

/** A service is tapped where it is asked: each exchange once, not again at its caller. */
function defaultDirection(target: string | undefined): string | undefined {
  return target === undefined || /^(services?|svc)\//.test(target) ? "in" : undefined;
}

function parseStatus(text: string): string {
  if (/^[1-5]([0-9]{2})?$/.test(text)) return text;
  throw new InvalidArgumentError("expected a status or the first digit of some: 404, or 5.");
}

function parseRate(text: string): string {
  if (/^[1-9][0-9]{0,5}$/.test(text)) return text;
  throw new InvalidArgumentError("expected a whole number from 1.");
}

function given<K extends string>(name: K, value: string | undefined): { [k in K]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { [k in K]: string });
}
