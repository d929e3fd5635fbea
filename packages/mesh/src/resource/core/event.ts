import { buildKind } from "../kind.ts";
import type { Resource } from "../meta.ts";
import { integer, object, oneOf, required, type TypeOf, text } from "../schema/schema.ts";

const involvedObject = object({
  apiVersion: text(),
  kind: text(),
  name: text(),
  namespace: text(),
  uid: text(),
  resourceVersion: text(),
  fieldPath: text(),
});

/** The fields of `v1 Event` that heddle writes, and those of clients that write theirs. */
const eventFields = {
  involvedObject: required(involvedObject),
  /** One CamelCase word, for programs. */
  reason: text({ maxLength: 128 }),
  message: text({ maxLength: 1024 }),
  type: oneOf("Normal", "Warning"),
  /** How often it happened, from the first to the last time. */
  count: integer({ minimum: 0 }),
  firstTimestamp: text(),
  lastTimestamp: text(),
  eventTime: text(),
  source: object({ component: text(), host: text() }),
  reportingComponent: text(),
  reportingInstance: text(),
  action: text(),
};

type EventFields = TypeOf<ReturnType<typeof object<typeof eventFields>>>;

/** Something that happened to an object; kept for an hour. */
export interface Event extends Resource, EventFields {
  readonly kind: "Event";
}

/** `v1 Event` of Kubernetes. Made by the control plane; its fields are its own, there is no spec. */
export const eventKind = buildKind({
  group: "",
  version: "v1",
  kind: "Event",
  plural: "events",
  shortNames: ["ev"],
  isNamespaced: true,
  isMade: true,
  spec: null,
  fields: eventFields,
  status: null,
  columns: [
    {
      name: "LAST SEEN",
      type: "text",
      value: (resource) => eventOf(resource).lastTimestamp ?? null,
    },
    { name: "TYPE", type: "text", value: (resource) => eventOf(resource).type ?? null },
    { name: "REASON", type: "text", value: (resource) => eventOf(resource).reason ?? null },
    { name: "OBJECT", type: "text", value: objectOf },
    { name: "COUNT", type: "number", value: (resource) => eventOf(resource).count ?? 1 },
    { name: "MESSAGE", type: "text", value: (resource) => eventOf(resource).message ?? null },
  ],
});

function objectOf(resource: Resource): string | null {
  const { kind, name } = eventOf(resource).involvedObject ?? {};
  return name === undefined ? null : `${kind?.toLowerCase() ?? "object"}/${name}`;
}

function eventOf(resource: Resource): Partial<Event> {
  return resource as Partial<Event>;
}
