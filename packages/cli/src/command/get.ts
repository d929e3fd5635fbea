import type { Kind } from "@heddle/mesh/resource/kind.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { Command } from "commander";
import { stringify } from "yaml";
import type { ApiClient } from "../api/client.ts";
import { StatusError } from "../api/status-error.ts";
import { exits, Fault } from "../render/fault.ts";
import { parseOutputFormat } from "../render/output.ts";
import { formatResources, resourceName } from "../render/resources.ts";
import {
  type NamespaceOptions,
  namespaceOf,
  type OutputOptions,
  withExamples,
  withMesh,
  withNamespace,
  withOutput,
} from "./options.ts";
import { parseTargets, type Target } from "./target.ts";
import { apiOf, type World } from "./world.ts";

interface Options extends NamespaceOptions, OutputOptions {
  readonly selector?: string;
}

interface Found {
  readonly kind: Kind;
  readonly resources: readonly Resource[];
}

export function getCommand(world: World): Command {
  const command = new Command("get")
    .description("show resources")
    .argument("<what...>", "services · service kvs · service/kvs placement/kvs-by-key")
    .option("-l, --selector <labels>", "only those with these labels: app=kvs")
    .action(async (what: readonly string[], options: Options) => {
      const targets = parseTargets(what);
      const api = await apiOf(world, options);
      const found: Found[] = [];
      for (const target of targets) found.push(await find(api, target, options));
      print(world, found, targets, options);
    });
  return withExamples(withMesh(withNamespace(withOutput(command))), [
    ["heddle get services", "all services of namespace default"],
    ["heddle get processes,workloads -A", "two kinds, all namespaces"],
    ["heddle get httproute/front -o yaml", "one, whole"],
  ]);
}

/** The resources a target names. @throws Fault for one that is not there. */
export async function find(
  api: ApiClient,
  { kind, names }: Target,
  options: NamespaceOptions & { readonly selector?: string },
): Promise<Found> {
  const namespace = namespaceOf(options);
  if (names.length === 0) {
    return { kind, resources: await api.list(kind, namespace, options.selector) };
  }
  const resources: Resource[] = [];
  for (const name of names) resources.push(await getOne(api, kind, namespace ?? "default", name));
  return { kind, resources };
}

async function getOne(
  api: ApiClient,
  kind: Kind,
  namespace: string,
  name: string,
): Promise<Resource> {
  try {
    return await api.get(kind, namespace, name);
  } catch (error) {
    if (!(error instanceof StatusError) || error.status.code !== 404) throw error;
    const place = kind.isNamespaced ? ` in namespace ${namespace}` : "";
    throw new Fault(
      exits.no,
      `there is no ${kind.kind} "${name}"${place}`,
      `heddle get ${kind.plural} -A`,
    );
  }
}

function print(
  world: World,
  found: readonly Found[],
  targets: readonly Target[],
  options: Options,
): void {
  const format = parseOutputFormat(options.output);
  const all = found.flatMap(({ resources }) => resources);
  if (format === "json" || format === "yaml") {
    const isOne = targets.length === 1 && targets[0]!.names.length === 1;
    const value = isOne ? all[0] : { apiVersion: "v1", kind: "List", items: all };
    world.out.write(format === "json" ? `${JSON.stringify(value, null, 2)}\n` : stringify(value));
    return;
  }
  if (format === "name") {
    for (const { kind, resources } of found) {
      for (const resource of resources) world.out.write(`${resourceName(kind, resource)}\n`);
    }
    return;
  }
  if (all.length === 0) {
    const place =
      options.allNamespaces === true ? "any namespace" : `namespace ${namespaceOf(options)}`;
    const words = found.map(({ kind }) => kind.plural).join(", ");
    world.err.write(`No ${words} in ${place}.\n`);
    return;
  }
  const tables = found
    .filter(({ resources }) => resources.length > 0)
    .map(({ kind, resources }) =>
      formatResources(kind, resources, {
        isWide: format === "wide",
        hasNamespace: options.allNamespaces === true,
        nowWallMs: world.clock.wallMs(),
        hasKind: found.length > 1,
      }),
    );
  world.out.write(tables.join("\n"));
}
