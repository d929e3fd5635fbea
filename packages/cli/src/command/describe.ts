import type { EndpointRow, StatRow } from "@heddle/control/api/verbs.ts";
import type { Service } from "@heddle/mesh/resource/core/service.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { namespaceOf as namespaceOfResource } from "@heddle/mesh/resource/meta.ts";
import { Command } from "commander";
import type { ApiClient } from "../api/client.ts";
import { formatDescription } from "../render/describe.ts";
import { formatProtocols } from "../render/protocols.ts";
import { endpointView } from "../render/stat.ts";
import { formatTable } from "../render/table.ts";
import { find } from "./get.ts";
import { type NamespaceOptions, withExamples, withMesh, withNamespace } from "./options.ts";
import { parseTargets } from "./target.ts";
import { apiOf, type World } from "./world.ts";

export function describeCommand(world: World): Command {
  const command = new Command("describe")
    .description("tell all about resources: spec, status, conditions")
    .argument("<what...>", "service kvs · httproute/front · processes")
    .action(async (what: readonly string[], options: NamespaceOptions) => {
      const targets = parseTargets(what);
      const api = await apiOf(world, options);
      const texts: string[] = [];
      for (const target of targets) {
        const { resources } = await find(api, target, options);
        for (const resource of resources) texts.push(await describe(world, api, resource));
      }
      if (texts.length === 0) world.err.write("There is nothing of that kind.\n");
      world.out.write(texts.join("\n"));
    });
  return withExamples(withMesh(withNamespace(command)), [
    ["heddle describe service kvs", "with the workloads behind it"],
    ["heddle describe httproute/front", "with the reasons why a rule is not accepted"],
  ]);
}

async function describe(world: World, api: ApiClient, resource: Resource): Promise<string> {
  const nowWallMs = world.clock.wallMs();
  if (resource.kind !== "Service") return formatDescription(resource, nowWallMs);
  const query = { service: resource.metadata.name, namespace: namespaceOfResource(resource) };
  const rows = await api.verb<readonly EndpointRow[]>("endpoints", { query });
  const table = rows.length === 0 ? "none\n" : formatTable(endpointView.columns.slice(2), rows);
  const stats = await api.verb<readonly StatRow[]>("stat", {
    query: { by: "services", namespace: namespaceOfResource(resource) },
  });
  const seen = stats.find(({ name }) => name === resource.metadata.name)?.protocols ?? [];
  return formatDescription(resource, nowWallMs, [
    ["Protocols", formatProtocols(resource as Service, seen)],
    ["Endpoints", table],
  ]);
}
