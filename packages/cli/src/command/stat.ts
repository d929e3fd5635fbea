import type { EdgeRow, EndpointRow, StatRow } from "@heddle/control/api/verbs.ts";
import { findKindByWord } from "@heddle/mesh/resource/index.ts";
import { Command } from "commander";
import type { ApiClient } from "../api/client.ts";
import { exits, Fault } from "../render/fault.ts";
import type { RowView } from "../render/output.ts";
import { edgeView, endpointView, statView } from "../render/stat.ts";
import {
  type NamespaceOptions,
  namespaceOf,
  type OutputOptions,
  withExamples,
  withMesh,
  withNamespace,
  withOutput,
} from "./options.ts";
import { show } from "./show.ts";
import { whyUnseen } from "./unseen.ts";
import { apiOf, type World } from "./world.ts";

type Options = NamespaceOptions & OutputOptions;

const statBy: Readonly<Record<string, string>> = {
  services: "services",
  service: "services",
  svc: "services",
  workloads: "workloads",
  workload: "workloads",
  wl: "workloads",
};

export function statCommand(world: World): Command {
  const command = new Command("stat")
    .description("traffic of the last 60 s: success, requests per second, latencies")
    .argument("[what]", "services, workloads, service/<name> or workload/<name>", "services")
    .action(async (what: string, options: Options) => {
      const [kind = "", name] = what.split("/");
      const by = statBy[kind];
      if (by === undefined) {
        throw new Fault(exits.usage, `stat ${what}: expected services, workloads or one of them`);
      }
      const api = await apiOf(world, options);
      const query = { by, namespace: namespaceOf(options) ?? undefined };
      const rows = await api.verb<readonly StatRow[]>("stat", { query: defined(query) });
      const found = rows.filter((row) => name === undefined || row.name === name);
      if (found.length === 0 && name !== undefined) {
        throw new Fault(exits.no, `${what} is not there`, `${world.program} stat ${by}`);
      }
      await showSeen({ world, api, view: statView, rows: found, output: options.output });
    });
  return withExamples(withMesh(withNamespace(withOutput(command))), [
    ["heddle stat", "every service"],
    ["heddle stat workloads", "every workload"],
    ["heddle stat service/kvs -o json", "one service, for a script"],
  ]);
}

export function edgesCommand(world: World): Command {
  const command = new Command("edges")
    .description("who called whom in the last 60 s, and was it mutual TLS")
    .action(async (options: Options) => {
      const api = await apiOf(world, options);
      const query = { namespace: namespaceOf(options) ?? undefined };
      const rows = await api.verb<readonly EdgeRow[]>("edges", { query: defined(query) });
      await showSeen({ world, api, view: edgeView, rows, output: options.output });
    });
  return withExamples(withMesh(withNamespace(withOutput(command))), [
    ["heddle edges", "the graph of calls"],
    ["heddle edges -o wide", "with the identities at both ends"],
  ]);
}

export function endpointsCommand(world: World): Command {
  const command = new Command("endpoints")
    .description("which workloads stand behind a service, in what state")
    .argument("[service]", "one service; default: all")
    .action(async (service: string | undefined, options: Options) => {
      const api = await apiOf(world, options);
      const name = service?.replace(/^(services?|svc)\//, "");
      const query = { service: name, namespace: namespaceOf(options) ?? undefined };
      const rows = await api.verb<readonly EndpointRow[]>("endpoints", { query: defined(query) });
      if (rows.length === 0 && name !== undefined) await mustExist(world, api, name, options);
      show(world, endpointView, rows, options.output);
    });
  return withExamples(withMesh(withNamespace(withOutput(command))), [
    ["heddle endpoints kvs", "the workloads of one service"],
    ["heddle endpoints -o wide", "all, with their identities"],
  ]);
}

/** @throws Fault where there is no such service, rather than one that nothing stands behind. */
async function mustExist(
  world: World,
  api: ApiClient,
  name: string,
  options: NamespaceOptions,
): Promise<void> {
  const services = await api.list(findKindByWord("services")!, namespaceOf(options));
  if (services.some(({ metadata }) => metadata.name === name)) return;
  throw new Fault(
    exits.no,
    `there is no Service "${name}" here`,
    `${world.program} get services -A`,
  );
}

/** Where nobody sees the traffic, that is said; in place of an empty table, or beside the rows. */
async function showSeen<T>(options: {
  readonly world: World;
  readonly api: ApiClient;
  readonly view: RowView<T>;
  readonly rows: readonly T[];
  readonly output: string;
}): Promise<void> {
  const { world, api, view, rows, output } = options;
  const why = await whyUnseen(api);
  if (why === null || rows.length > 0 || output !== "table") show(world, view, rows, output);
  if (why !== null) world.err.write(`${why}\n`);
}

function defined(query: Record<string, string | undefined>): Record<string, string> {
  const given = Object.entries(query).filter(
    (each): each is [string, string] => each[1] !== undefined,
  );
  return Object.fromEntries(given);
}
