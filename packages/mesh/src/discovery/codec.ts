import * as v from "valibot";
import type { ControlMessage, Enrol, Enrolled, ProxyMessage, Refused } from "./protocol.ts";

const text = v.pipe(v.string(), v.maxLength(65_536));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const serviceKeys = v.pipe(
  v.array(v.pipe(v.string(), v.regex(/^[a-z0-9.-]{1,63}\/[a-z0-9.-]{1,253}$/))),
  v.maxLength(100_000),
);
const versionFields = { epoch: text, revision: count, endpointsVersion: count };
const version = v.object(versionFields);
const enrolled = v.object({ type: v.literal("enrolled"), chainPem: text, bundlePem: text });
const refused = v.object({ type: v.literal("refused"), reason: text });

const proxyMessage = v.variant("type", [
  v.object({
    type: v.literal("hello"),
    workloadUid: text,
    version: v.nullable(version),
    digest: text,
    build: text,
    wants: serviceKeys,
  }),
  v.object({ type: v.literal("ack"), ...versionFields, digest: text }),
  v.object({
    type: v.literal("nack"),
    ...versionFields,
    document: text,
    errors: v.array(text),
  }),
  v.object({ type: v.literal("want"), services: serviceKeys }),
  v.object({ type: v.literal("summary"), body: v.unknown() }),
  v.object({
    type: v.literal("answer"),
    id: count,
    items: v.array(v.unknown()),
    done: v.boolean(),
    dropped: count,
  }),
  v.object({ type: v.literal("records"), batch: v.unknown() }), // parsed where it is kept
  v.object({ type: v.literal("renew"), publicKeyPem: text, proof: text }),
  v.object({ type: v.literal("pong") }),
]);

const controlMessage = v.variant("type", [
  v.object({
    type: v.literal("delta"),
    delta: v.object({
      ...versionFields,
      base: v.nullable(version),
      changed: v.array(v.unknown()), // each is parsed alone, so that one bad document refuses one
      removed: v.array(text),
      digest: text,
    }),
  }),
  v.object({
    type: v.literal("request"),
    id: count,
    what: v.picklist(["tap", "history"]),
    filter: v.unknown(),
  }),
  v.object({ type: v.literal("cancel"), id: count }),
  v.object({
    type: v.literal("recorded"),
    life: text,
    store: v.picklist(["whole", "sampled"]),
    next: count,
  }),
  enrolled,
  refused,
  v.object({ type: v.literal("ping") }),
]);

const enrol = v.object({
  type: v.literal("enrol"),
  workloadUid: text,
  token: text,
  publicKeyPem: text,
  proof: text,
});

/** What a proxy sent, or a sentence about what is wrong with it. */
export function parseProxyMessage(message: unknown): ProxyMessage | string {
  return parsed<ProxyMessage>(v.safeParse(proxyMessage, message));
}

/** What the control plane sent. The documents of a delta are not looked into. */
export function parseControlMessage(message: unknown): ControlMessage | string {
  return parsed<ControlMessage>(v.safeParse(controlMessage, message));
}

export function parseEnrol(message: unknown): Enrol | string {
  return parsed<Enrol>(v.safeParse(enrol, message));
}

export function parseEnrolmentAnswer(message: unknown): Enrolled | Refused | string {
  return parsed<Enrolled | Refused>(v.safeParse(v.variant("type", [enrolled, refused]), message));
}

function parsed<T>(result: {
  readonly success: boolean;
  readonly output: unknown;
  readonly issues?: readonly v.BaseIssue<unknown>[] | undefined;
}): T | string {
  if (result.success) return result.output as T;
  const issue = result.issues?.[0];
  if (issue === undefined) return "malformed message";
  return `${v.getDotPath(issue) ?? "message"}: ${issue.message}`;
}
