import * as v from "valibot";
import type { RedirectDoc } from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import { hostname, port } from "../model/schema-parts.ts";
import type { Addressed, Filter } from "./filter.ts";
import { compilePathEdit, pathEditSchema } from "./path-edit.ts";

export const redirectSchema: v.GenericSchema<unknown, RedirectDoc> = v.strictObject({
  type: v.literal("redirect"),
  scheme: v.nullable(v.picklist(["http", "https"])),
  hostname: v.nullable(hostname),
  port: v.nullable(port),
  path: v.nullable(pathEditSchema),
  status: v.picklist([301, 302, 303, 307, 308]),
});

const wellKnownPort = { http: 80, https: 443 } as const;

/** Gateway API: RequestRedirect. The query stays as it is; a port that the scheme implies is not written. */
export function compileRedirect(doc: RedirectDoc): Filter {
  const edit = compilePathEdit(doc.path);
  return {
    request: (head, to) => {
      const path = head.path.startsWith("/") ? head.path : "/"; // `*` names no resource
      const target = edit === null ? path : edit(path);
      const base = baseOf(doc, head, to);
      // HTTP/1.0 without Host: what was asked is unknown, and its client can only be told a path; `//a` would be a host.
      const location = base === null ? target.replace(/^\/+/, "/") : base + target;
      return { status: doc.status, fields: [["location", location]] };
    },
    reply: null,
  };
}

/** All before the path; null where no host is known. */
function baseOf(doc: RedirectDoc, head: RequestHead, to: Addressed): string | null {
  // What filters see came in plain: TLS of clients is passed through, never opened.
  const scheme = doc.scheme ?? "http";
  const port = doc.port ?? (doc.scheme === null ? to.port : wellKnownPort[doc.scheme]);
  const host = doc.hostname ?? withoutPort(head.authority);
  if (host === "") return null;
  return `${scheme}://${host}${port === wellKnownPort[scheme] ? "" : `:${port}`}`;
}

/** An IPv6 address keeps its brackets. */
function withoutPort(authority: string): string {
  const colon = authority.lastIndexOf(":");
  return colon > authority.lastIndexOf("]") ? authority.slice(0, colon) : authority;
}
