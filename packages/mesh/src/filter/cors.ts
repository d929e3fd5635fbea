import * as v from "valibot";
import type { CorsDoc } from "../model/document.ts";
import type { Fields, ReplyHead, RequestHead } from "../model/head.ts";
import { whole } from "../model/schema-parts.ts";
import type { Filter, FilterReply } from "./filter.ts";
import { compileOrigins, originSchema } from "./origin.ts";

const token = v.pipe(v.string(), v.regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, "a name, or *"));
const names = v.pipe(
  v.array(token),
  v.check((all) => all.length < 2 || !all.includes("*"), "names, or * alone"),
);

export const corsSchema: v.GenericSchema<unknown, CorsDoc> = v.strictObject({
  type: v.literal("cors"),
  allowOrigins: v.pipe(
    v.array(originSchema),
    v.check((all) => all.length < 2 || !all.includes("*"), "origins, or * alone"),
  ),
  allowMethods: names,
  allowHeaders: names,
  exposeHeaders: names,
  allowCredentials: v.boolean(),
  maxAgeS: whole,
});

/**
 * Gateway API: CORS (Fetch §3.3). A preflight is answered here and never reaches the process: 204, without a word on CORS where its
 * origin is not allowed. Replies to other requests of an allowed origin say so, in place of what the process says.
 */
export function compileCors(doc: CorsDoc): Filter {
  const allows = compileOrigins(doc.allowOrigins);
  const isForAll = doc.allowOrigins[0] === "*" && !doc.allowCredentials;
  /** Origins as they came: a later filter may drop the field. */
  const allowed = new WeakMap<RequestHead, string>();
  return {
    request: (head) => {
      const origin = head.get("origin");
      const isAllowed = origin !== null && allows(origin);
      if (origin !== null && isPreflight(head)) {
        return preflightReply(doc, head, isAllowed ? (isForAll ? "*" : origin) : null);
      }
      if (isAllowed) allowed.set(head, isForAll ? "*" : origin);
      return null;
    },
    reply: (reply, request) => {
      if (!isForAll) varyByOrigin(reply);
      const origin = allowed.get(request);
      if (origin === undefined) return;
      for (const [name, value] of corsFields(doc, origin)) reply.set(name, value);
    },
  };
}

function isPreflight(head: RequestHead): boolean {
  return head.method === "OPTIONS" && head.get("access-control-request-method") !== null;
}

/** @param origin what is allowed; null: nothing is */
function preflightReply(doc: CorsDoc, head: Fields, origin: string | null): FilterReply {
  const fields: (readonly [string, string])[] = [
    ["vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"],
  ];
  if (origin === null) return { status: 204, fields };
  fields.push(...corsFields(doc, origin));
  const methods = listOf(doc, doc.allowMethods, head.get("access-control-request-method"));
  if (methods !== null) fields.push(["access-control-allow-methods", methods]);
  const headers = listOf(doc, doc.allowHeaders, head.get("access-control-request-headers"));
  if (headers !== null) fields.push(["access-control-allow-headers", headers]);
  fields.push(["access-control-max-age", String(doc.maxAgeS)]);
  return { status: 204, fields };
}

/** Of preflights and of all else. */
function corsFields(doc: CorsDoc, origin: string): (readonly [string, string])[] {
  const fields: (readonly [string, string])[] = [["access-control-allow-origin", origin]];
  if (doc.allowCredentials) fields.push(["access-control-allow-credentials", "true"]);
  // With credentials `*` is a name like any other to browsers (Fetch §3.3.3), and must not be sent.
  const exposed = doc.allowCredentials
    ? doc.exposeHeaders.filter((name) => name !== "*")
    : doc.exposeHeaders;
  if (exposed.length > 0) fields.push(["access-control-expose-headers", exposed.join(", ")]);
  return fields;
}

/** A list as configured; `*` with credentials is what was asked for. Null: nothing to say. */
function listOf(doc: CorsDoc, list: readonly string[], asked: string | null): string | null {
  if (list.length === 0) return null;
  return list[0] === "*" && doc.allowCredentials ? asked : list.join(", ");
}

/** Caches must not hand one origin's reply to another (Fetch, CORS protocol and HTTP caches). */
function varyByOrigin(reply: ReplyHead): void {
  let isSaid = false;
  reply.each((name, value) => {
    if (name === "vary" && /(?:^|,)\s*(?:\*|origin)\s*(?:,|$)/i.test(value)) isSaid = true;
  });
  if (!isSaid) reply.add("vary", "Origin");
}
