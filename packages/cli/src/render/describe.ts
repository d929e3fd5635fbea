import type { ParentReference } from "@heddle/mesh/resource/gateway-api/reference.ts";
import type { Condition, Resource } from "@heddle/mesh/resource/meta.ts";
import { namespaceOf } from "@heddle/mesh/resource/meta.ts";
import { stringify } from "yaml";
import { ageOf } from "./resources.ts";
import { formatTable } from "./table.ts";

/** Everything about one resource, for reading. `more` are sections of its own: a title and a text. */
export function formatDescription(
  resource: Resource,
  nowWallMs: number,
  more: readonly (readonly [title: string, text: string])[] = [],
): string {
  const { metadata, spec, status } = resource;
  const facts: [string, string | null][] = [
    ["Name", metadata.name],
    ["Namespace", metadata.namespace === undefined ? null : namespaceOf(resource)],
    ["Kind", `${resource.kind} (${resource.apiVersion})`],
    ["Labels", pairs(metadata.labels)],
    ["Annotations", pairs(metadata.annotations)],
    ["Age", ageOf(resource, nowWallMs)],
  ];
  const shown = facts.filter((fact): fact is [string, string] => fact[1] !== null);
  const width = Math.max(...shown.map(([name]) => name.length)) + 1;
  const head = shown.map(([name, value]) => `${`${name}:`.padEnd(width)}  ${value}\n`).join("");
  const { conditions, parents, ancestors, ...others } = (status ?? {}) as Status;
  const sections: (readonly [string, string])[] = [
    ["Spec", spec === undefined ? "" : stringify(spec)],
    ["Status", Object.keys(others).length === 0 ? "" : stringify(others)],
    ["Conditions", formatConditions(conditions ?? [])],
    [
      "Parents",
      formatSayings(parents?.map(({ parentRef, ...said }) => [parentRef, said])) +
        formatSilent(spec, parents?.map(({ parentRef }) => referenceWords(parentRef)) ?? []),
    ],
    ["Targets", formatSayings(ancestors?.map(({ ancestorRef, ...said }) => [ancestorRef, said]))],
    ...more,
  ];
  const rest = sections
    .filter(([, text]) => text !== "")
    .map(([title, text]) => `${title}:\n${indent(text)}`);
  return head + rest.join("");
}

/** What is said of a route by its parents, of a policy by its targets. */
interface Status {
  readonly conditions?: readonly Condition[];
  readonly parents?: readonly ({ readonly parentRef: ParentReference } & Said)[];
  readonly ancestors?: readonly ({ readonly ancestorRef: ParentReference } & Said)[];
}

interface Said {
  readonly controllerName: string;
  readonly conditions: readonly Condition[];
}

/** `Service/kvs, port 80`: what it is, and below it the conditions that it states. */
function formatSayings(sayings: readonly (readonly [ParentReference, Said])[] = []): string {
  return sayings
    .map(([reference, { controllerName, conditions }]) => {
      const theirs = controllerName.startsWith("heddle.dev/") ? "" : `, said by ${controllerName}`;
      return `${referenceWords(reference)}${theirs}\n${indent(formatConditions(conditions))}`;
    })
    .join("");
}

/** Parents that a route names and that say nothing of it: nobody has them. */
function formatSilent(spec: unknown, said: readonly string[]): string {
  const { parentRefs = [] } = (spec ?? {}) as { readonly parentRefs?: readonly ParentReference[] };
  const silent = parentRefs.map(referenceWords).filter((words) => !said.includes(words));
  return silent.map((words) => `${words}\n  nobody says anything of it\n`).join("");
}

function referenceWords(reference: ParentReference): string {
  const { kind = "Gateway", namespace, name, sectionName, port } = reference;
  return [
    `${kind}/${name}`,
    namespace === undefined ? [] : `namespace ${namespace}`,
    sectionName === undefined ? [] : `section ${sectionName}`,
    port === undefined ? [] : `port ${port}`,
  ]
    .flat()
    .join(", ");
}

function formatConditions(conditions: readonly Condition[]): string {
  if (conditions.length === 0) return "";
  return formatTable(
    [
      { name: "TYPE", cell: (each) => each.type },
      { name: "STATUS", cell: (each) => each.status },
      { name: "REASON", cell: (each) => each.reason },
      { name: "MESSAGE", cell: (each) => each.message },
    ],
    conditions,
  );
}

function pairs(map: Readonly<Record<string, string>> | undefined): string | null {
  const entries = Object.entries(map ?? {});
  return entries.length === 0
    ? null
    : entries.map(([name, value]) => `${name}=${value}`).join(", ");
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
