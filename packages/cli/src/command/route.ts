import { Explainer, type Explanation } from "@heddle/control/plan/explain.ts";
import { findFrontend } from "@heddle/control/plan/find-frontend.ts";
import { type Limit, limitsOf } from "@heddle/control/plan/limits.ts";
import { type MeshView, meshViewOf, serviceDoc } from "@heddle/control/plan/mesh-view.ts";
import { octetsOf } from "@heddle/mesh/model/octets.ts";
import { Command, InvalidArgumentError, Option } from "commander";
import { exits, Fault } from "../render/fault.ts";
import { formatRoute } from "../render/route.ts";
import { ManifestFault, tellManifestFault } from "./manifests.ts";
import { type MeshOptions, withExamples, withMesh } from "./options.ts";
import { statedMesh } from "./stated-mesh.ts";
import type { World } from "./world.ts";

type Field = readonly [name: string, value: string];

interface Options extends MeshOptions {
  readonly filename?: readonly string[];
  readonly from?: string;
  readonly namespace: string;
  readonly gateway?: string;
  readonly header: readonly Field[];
  readonly output: "text" | "json";
}

/** What `-o json` gives. */
export interface RouteReport extends Explanation {
  readonly from: string | null;
  readonly limits: readonly Limit[];
}

export function routeCommand(world: World): Command {
  const command = new Command("route")
    .description("where a request would go, and why, without sending it")
    .argument("<method>", "GET, PUT, …")
    .argument("<url>", "http://kvs/7 of a service, http://127.0.0.1:8080/7 of a gateway")
    .option("--from <workload>", "who asks: a workload, or a Process")
    .option(
      "-n, --namespace <name>",
      "namespace of who asks, where no workload is named",
      "default",
    )
    .option("--gateway <name>", "ask this Gateway, by whatever name the URL has")
    .option("-H, --header <field>", "a header field: x-user:dana", collectField, [])
    .option("-f, --filename <path...>", "of these files; nothing has to run")
    .addOption(
      new Option("-o, --output <format>", "how to print it")
        .choices(["text", "json"])
        .default("text"),
    )
    .action((method: string, url: string, options: Options) => route(world, method, url, options));
  return withExamples(withMesh(command), [
    ["heddle route GET http://kvs/7", "of the mesh that runs: rule, backends, processes, limits"],
    ["heddle route GET http://kvs/7 --from visitor -H x-user:dana", "as that caller, with a field"],
    ["heddle route GET http://kvs/7 -f mesh.yaml", "of files alone"],
  ]);
}

async function route(world: World, method: string, url: string, options: Options): Promise<void> {
  const target = parseUrl(url);
  try {
    const stated = await statedMesh(world, options, options.filename ?? null);
    const view = meshViewOf(stated.resources, stated.world);
    const from = findWorkload(view, options.from ?? null, options.namespace);
    const namespace = from?.namespace ?? options.namespace;
    const gateway = options.gateway ?? null;
    const frontend = findFrontend(view, { ...target, namespace, gateway });
    if ("message" in frontend) {
      throw new Fault(exits.no, frontend.message, "heddle get services,gateways -A");
    }
    const fields: readonly Field[] = options.header;
    const source = { workloadUid: from?.uid ?? null, identity: from?.identity ?? null };
    const { path, authority } = target;
    const asked = { method: method.toUpperCase(), path, authority, fields, source };
    const explanation = new Explainer(view).explain(frontend, asked);
    const report: RouteReport = {
      ...explanation,
      from: from === null ? null : `${from.namespace}/${from.name}`,
      limits: limitsFor(view, explanation, namespace),
    };
    world.out.write(
      options.output === "json"
        ? `${JSON.stringify(report, null, 2)}\n`
        : formatRoute(`${asked.method} ${url}`, report, world.out.style),
    );
    const isRefused = report.answer !== null && report.answer.status >= 400;
    process.exitCode = isRefused ? exits.no : exits.ok;
  } catch (error) {
    if (!(error instanceof ManifestFault)) throw error;
    process.exitCode = tellManifestFault(world, error, null);
  }
}

/** What holds at the backend that most of the requests go to. */
function limitsFor(
  view: MeshView,
  { rule, destinations }: Explanation,
  namespace: string,
): readonly Limit[] {
  const [most] = [...destinations].sort((a, b) => b.share - a.share);
  if (most === undefined || most.backend === null) return [];
  return limitsOf(rule, serviceDoc(view, most.backend.service, namespace), view.stated);
}

/** @throws Fault for one that is not there. */
function findWorkload(view: MeshView, name: string | null, namespace: string) {
  if (name === null) return null;
  const [own, plain] = name.includes("/") ? name.split("/") : [namespace, name];
  const found =
    view.workloads.find((one) => one.namespace === own && one.name === plain) ??
    view.workloads.find((one) => one.namespace === own && one.name === `${plain}-0`);
  if (found !== undefined) return found;
  throw new Fault(exits.no, `there is no workload "${plain}" in namespace ${own}`, "heddle ps");
}

/** @throws Fault for what is no URL of HTTP. */
function parseUrl(text: string) {
  // Not by URL, which would take `..` out of a path: what is asked is what would be sent.
  const match =
    /^(?:(https?):\/\/)?(\[[^\]]+\]|[^/?#:]+)(?::(\d+))?([/?][\x21\x22\x24-\x7e]*)?$/.exec(text);
  if (match === null) {
    throw new Fault(exits.usage, `${text}: expected a URL such as http://kvs/7`);
  }
  const [, scheme = "http", host = "", port, rest = "/"] = match;
  const path = rest.startsWith("?") ? `/${rest}` : rest;
  const authority = port === undefined ? host : `${host}:${port}`;
  return { host, port: Number(port ?? (scheme === "https" ? 443 : 80)), path, authority };
}

function collectField(text: string, before: readonly Field[]): readonly Field[] {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError("expected a field such as x-user:dana");
  return [...before, [name.toLowerCase(), octetsOf(value!)]];
}
