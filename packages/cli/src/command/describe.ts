import type { EndpointRow, StatRow } from "@heddle/control/api/verbs.ts";
import { kindOf } from "@heddle/mesh/resource/check.ts";
import { effectivePolicy } from "@heddle/mesh/resource/compile/effective-policy.ts";
import { inputsOf, plainWorld } from "@heddle/mesh/resource/compile.ts";
import { type Event, eventKind } from "@heddle/mesh/resource/core/event.ts";
import type { Service } from "@heddle/mesh/resource/core/service.ts";
import { storedForm } from "@heddle/mesh/resource/kind.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { namespaceOf as namespaceOfResource } from "@heddle/mesh/resource/meta.ts";
import type { HttpRouteGroup } from "@heddle/mesh/resource/smi/httproutegroup.ts";
import { Command } from "commander";
import type { ApiClient } from "../api/client.ts";
import { formatDescription } from "../render/describe.ts";
import { formatEvents, isAbout } from "../render/events.ts";
import { formatPatterns } from "../render/patterns.ts";
import { formatPolicies } from "../render/policies.ts";
import { formatProtocols } from "../render/protocols.ts";
import { endpointView } from "../render/stat.ts";
import { formatTable } from "../render/table.ts";
import { find } from "./get.ts";
import { listIntent } from "./manifests.ts";
import { type NamespaceOptions, withExamples, withMesh, withNamespace } from "./options.ts";
import { parseTargets } from "./target.ts";
import { apiOf, type World } from "./world.ts";

export function describeCommand(world: World): Command {
  const command = new Command("describe")
    .description("tell all about resources: spec, status, conditions, events")
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
    ["heddle describe service kvs", "with the workloads behind it, and the policies that hold"],
    ["heddle describe httproute/front", "with the reasons why a rule is not accepted"],
  ]);
}

async function describe(world: World, api: ApiClient, resource: Resource): Promise<string> {
  const nowWallMs = world.clock.wallMs();
  return formatDescription(resource, nowWallMs, [
    ...(await sectionsOf(api, resource)),
    ["Events", formatEvents(await eventsOf(api, resource), nowWallMs)],
  ]);
}

async function eventsOf(api: ApiClient, resource: Resource): Promise<readonly Event[]> {
  const events = await api.list(eventKind, namespaceOfResource(resource));
  return (events as readonly Event[]).filter((event) => isAbout(event, resource));
}

type Section = readonly [title: string, text: string];

/** What is to be said of some kinds alone. */
async function sectionsOf(api: ApiClient, resource: Resource): Promise<readonly Section[]> {
  switch (resource.kind) {
    case "Service":
      return serviceSections(api, resource as Service);
    case "HTTPRouteGroup": {
      // It may have been asked for in an older version, of another form.
      const group = storedForm(kindOf(resource)!, resource) as HttpRouteGroup;
      return [["Patterns", formatPatterns(group)]];
    }
    default:
      return [];
  }
}

async function serviceSections(api: ApiClient, service: Service): Promise<readonly Section[]> {
  const { name } = service.metadata;
  const namespace = namespaceOfResource(service);
  const query = { service: name, namespace };
  const rows = await api.verb<readonly EndpointRow[]>("endpoints", { query });
  const table = rows.length === 0 ? "none\n" : formatTable(endpointView.columns.slice(2), rows);
  const stats = await api.verb<readonly StatRow[]>("stat", {
    query: { by: "services", namespace },
  });
  const seen = stats.find((row) => row.name === name)?.protocols ?? [];
  const intent = plainWorld(inputsOf(await listIntent(api)));
  return [
    ["Protocols", formatProtocols(service, seen)],
    ["Policies", formatPolicies(effectivePolicy(service, intent))],
    ["Endpoints", table],
  ];
}
