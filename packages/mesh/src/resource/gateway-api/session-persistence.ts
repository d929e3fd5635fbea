import type { SessionDoc } from "../../model/policy.ts";
import { duration, headerName, parseDurationMs } from "../schema/formats.ts";
import { hopFields } from "../schema/hop-fields.ts";
import { defaulted, object, oneOf, required, type TypeOf, text } from "../schema/schema.ts";

const lifetimeType = defaulted(oneOf("Permanent", "Session"), "Session");

/**
 * GEP-1619, in both shapes: that of v1.6 (`sessionName`, `cookieConfig`) and the one that comes after it (`cookie`, `header`).
 * They do not mix.
 */
export const sessionPersistence = object(
  {
    absoluteTimeout: duration,
    type: defaulted(oneOf("Cookie", "Header"), "Cookie"),
    sessionName: text({ maxLength: 128 }),
    cookieConfig: object({ lifetimeType }),
    cookie: object({
      name: headerName,
      path: defaulted(text({ maxLength: 1024 }), "/"),
      lifetimeType,
    }),
    header: object({ name: required(headerName) }),
  },
  (given, problems) => {
    const { type = "Cookie", cookieConfig, cookie, header, sessionName } = given;
    const isPermanent = (cookieConfig ?? cookie)?.lifetimeType === "Permanent";
    if (isPermanent && given.absoluteTimeout === undefined) {
      problems.add("required for lifetimeType Permanent", "absoluteTimeout");
    }
    for (const [field, value] of [
      ["cookieConfig", cookieConfig],
      ["cookie", cookie],
    ] as const) {
      if (value !== undefined && type !== "Cookie") problems.add("only with type Cookie", field);
    }
    if (header !== undefined && type !== "Header") problems.add("only with type Header", "header");
    const isNewer = cookie !== undefined || header !== undefined;
    if (!isNewer) return;
    if (sessionName !== undefined) problems.add("not beside cookie and header", "sessionName");
    if (cookieConfig !== undefined) problems.add("not beside cookie and header", "cookieConfig");
  },
  ({ type, header, sessionName, cookie }, problems) => {
    // Not upstream: it becomes the name of a cookie or header (RFC 6265 §4.1.1).
    if (sessionName !== undefined && !headerName.pattern!.test(sessionName)) {
      problems.add(
        `expected ${headerName.words}, got ${JSON.stringify(sessionName)}`,
        "sessionName",
      );
    }
    // Not upstream either: no token would arrive, or the reply's end would not be where it is.
    const field = type === "Header" ? (header?.name ?? sessionName ?? "").toLowerCase() : "";
    if (hopFields.has(field)) {
      const path = header === undefined ? ["sessionName"] : ["header", "name"];
      problems.add(`${field} belongs to one hop`, ...path);
    }
    const path = cookie?.path;
    if (path !== undefined && !/^\/[\x21-\x3a\x3c-\x7e]*$/.test(path)) {
      problems.add("expected a path without blanks and semicolons", "cookie", "path");
    }
  },
);

export type SessionPersistence = TypeOf<typeof sessionPersistence>;

/** Either shape as what proxies act on. @param name of the cookie or header where none is said */
export function sessionDoc(given: SessionPersistence, name: string): SessionDoc {
  const { type = "Cookie", sessionName, cookieConfig, cookie, header, absoluteTimeout } = given;
  const absoluteTimeoutMs =
    absoluteTimeout === undefined ? 0 : (parseDurationMs(absoluteTimeout) ?? 0);
  return {
    in:
      type === "Header"
        ? { kind: "header", name: (header?.name ?? sessionName ?? name).toLowerCase() }
        : {
            kind: "cookie",
            name: cookie?.name ?? sessionName ?? name,
            path: cookie?.path ?? "/",
            permanent: (cookie ?? cookieConfig)?.lifetimeType === "Permanent",
          },
    absoluteTimeoutMs: absoluteTimeoutMs === 0 ? null : absoluteTimeoutMs,
  };
}
