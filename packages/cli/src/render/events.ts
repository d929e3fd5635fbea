import type { Event } from "@heddle/mesh/resource/core/event.ts";
import { namespaceOf, type Resource } from "@heddle/mesh/resource/meta.ts";
import { formatTable } from "./table.ts";
import { formatAge } from "./time.ts";

/** Events of one object, the newest last; empty where there are none. */
export function formatEvents(events: readonly Event[], nowWallMs: number): string {
  if (events.length === 0) return "";
  const sorted = events.toSorted((a, b) => lastMs(a) - lastMs(b));
  return formatTable(
    [
      { name: "TYPE", cell: ({ type }) => type ?? null },
      { name: "REASON", cell: ({ reason }) => reason ?? null },
      { name: "AGE", cell: (event) => formatAge(nowWallMs - lastMs(event)) },
      { name: "COUNT", align: "right", cell: ({ count }) => count ?? 1 },
      { name: "MESSAGE", cell: ({ message }) => message ?? null },
    ],
    sorted,
  );
}

/** Is it about this very object, and none of its name that was there before, or of another group? */
export function isAbout({ involvedObject }: Event, resource: Resource): boolean {
  const { kind, name, namespace, uid, apiVersion } = involvedObject;
  return (
    kind === resource.kind &&
    name === resource.metadata.name &&
    (namespace ?? namespaceOf(resource)) === namespaceOf(resource) &&
    (apiVersion === undefined || groupOf(apiVersion) === groupOf(resource.apiVersion)) &&
    (uid === undefined || uid === resource.metadata.uid)
  );
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
}

function lastMs({ lastTimestamp, metadata }: Event): number {
  return Date.parse(lastTimestamp ?? metadata.creationTimestamp ?? "") || 0;
}
