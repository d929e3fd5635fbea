import { headerName, portNumber, preciseHostname } from "../schema/formats.ts";
import type { Problems } from "../schema/problem.ts";
import {
  boolean,
  defaulted,
  integer,
  list,
  object,
  oneOf,
  required,
  type TypeOf,
  text,
} from "../schema/schema.ts";
import { backendReference, localReference } from "./reference.ts";

/** Filters of an HTTPRoute, whole; `compile/filters.ts` says which of them heddle acts on. */

const header = object(
  { name: required(headerName), value: required(text({ minLength: 1, maxLength: 4096 })) },
  ({ value }, problems) => {
    // A line break would let a resource write header lines of its own (RFC 9110 §5.5). The experimental channel refuses more:
    // blanks at the ends and what is not ASCII, which manifests of the standard one may have.
    if (!/^[\t\x20-\x7e\x80-\uffff]*$/.test(value)) {
      problems.add("has characters that a header may not have", "value");
    }
  },
);

export const headerModifier = object({
  set: list(header, { maxItems: 16, uniqueBy: ["name"] }),
  add: list(header, { maxItems: 16, uniqueBy: ["name"] }),
  remove: list(text(), { maxItems: 16, uniqueBy: [] }),
});

const pathModifier = object(
  {
    type: required(oneOf("ReplaceFullPath", "ReplacePrefixMatch")),
    replaceFullPath: text({ maxLength: 1024 }),
    replacePrefixMatch: text({ maxLength: 1024 }),
  },
  (path, problems) => {
    for (const [type, field] of [
      ["ReplaceFullPath", "replaceFullPath"],
      ["ReplacePrefixMatch", "replacePrefixMatch"],
    ] as const) {
      const value = path[field];
      if (path.type === type && value === undefined)
        problems.add(`required for type ${type}`, field);
      if (path.type !== type && value !== undefined) problems.add(`only with type ${type}`, field);
      // Not upstream: what would become of the request line.
      if (value !== undefined && /[\x00-\x20\x7f]/.test(value)) {
        problems.add("has spaces or control characters", field);
      }
    }
  },
);

const urlRewrite = object({ hostname: preciseHostname, path: pathModifier });

const redirect = object({
  scheme: oneOf("http", "https"),
  hostname: preciseHostname,
  path: pathModifier,
  port: portNumber,
  statusCode: defaulted(integer({ enum: [301, 302, 303, 307, 308] }), 302),
});

export const mirror = object(
  {
    backendRef: required(backendReference),
    percent: integer({ minimum: 0, maximum: 100 }),
    fraction: object(
      {
        numerator: required(integer({ minimum: 0 })),
        denominator: defaulted(integer({ minimum: 1 }), 100),
      },
      ({ numerator, denominator = 100 }, problems) => {
        if (numerator > denominator) problems.add(`expected <= ${denominator}`, "numerator");
      },
    ),
  },
  (value, problems) => {
    if (value.percent !== undefined && value.fraction !== undefined) {
      problems.add("only one of percent and fraction", "fraction");
    }
  },
);

const method = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

function starAlone(values: readonly string[], problems: Problems): void {
  if (values.includes("*") && values.length > 1) problems.add("* stands alone or not at all");
}

const cors = object({
  allowOrigins: list(
    text({
      minLength: 1,
      maxLength: 253,
      pattern:
        /(^\*$)|(^(http(s)?):\/\/(((\*\.)?([a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+|\*)(:([0-9]{1,5}))?)$)/,
      words: "an origin such as https://example.com, or *",
    }),
    { maxItems: 64, uniqueBy: [] },
    starAlone,
  ),
  allowMethods: list(oneOf(...method, "*"), { maxItems: 9, uniqueBy: [] }, starAlone),
  allowHeaders: list(headerName, { maxItems: 64, uniqueBy: [] }, starAlone),
  exposeHeaders: list(headerName, { maxItems: 64, uniqueBy: [] }),
  allowCredentials: boolean(),
  maxAge: defaulted(integer({ minimum: 1 }), 5),
});

const externalAuth = object(
  {
    protocol: required(oneOf("HTTP", "GRPC")),
    backendRef: required(backendReference),
    grpc: object({ allowedHeaders: list(text(), { maxItems: 64, uniqueBy: [] }) }),
    http: object({
      path: text({
        maxLength: 1024,
        pattern: /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$/,
        words: "a path",
      }),
      allowedHeaders: list(text(), { maxItems: 64, uniqueBy: [] }),
      allowedResponseHeaders: list(text(), { maxItems: 64, uniqueBy: [] }),
    }),
    forwardBody: object({ maxSize: integer() }),
  },
  ({ protocol, grpc, http }, problems) => {
    for (const [name, given] of [
      ["GRPC", grpc],
      ["HTTP", http],
    ] as const) {
      const field = name.toLowerCase();
      if (protocol === name && given === undefined) problems.add(`required for ${name}`, field);
      if (protocol !== name && given !== undefined) problems.add(`only for ${name}`, field);
    }
  },
);

/** Each type and the one field that belongs to it. */
const fieldOfType = {
  RequestHeaderModifier: "requestHeaderModifier",
  ResponseHeaderModifier: "responseHeaderModifier",
  RequestMirror: "requestMirror",
  RequestRedirect: "requestRedirect",
  URLRewrite: "urlRewrite",
  ExtensionRef: "extensionRef",
  CORS: "cors",
  ExternalAuth: "externalAuth",
} as const;

export const filter = object(
  {
    type: required(
      oneOf(
        "RequestHeaderModifier",
        "ResponseHeaderModifier",
        "RequestMirror",
        "RequestRedirect",
        "URLRewrite",
        "ExtensionRef",
        "CORS",
        "ExternalAuth",
      ),
    ),
    requestHeaderModifier: headerModifier,
    responseHeaderModifier: headerModifier,
    requestMirror: mirror,
    requestRedirect: redirect,
    urlRewrite,
    extensionRef: localReference,
    cors,
    externalAuth,
  },
  (value, problems) => {
    checkFieldOfType(fieldOfType, value, problems);
  },
);

export type HttpRouteFilter = TypeOf<typeof filter>;
export type HeaderModifier = TypeOf<typeof headerModifier>;

/** The filters of a rule or of a backend. */
export const filters = list(filter, { maxItems: 16 }, checkRepeats, (all, problems) => {
  const types = new Set(all.map(({ type }) => type));
  if (types.has("RequestRedirect") && types.has("URLRewrite")) {
    problems.add("RequestRedirect and URLRewrite exclude each other");
  }
});

/** Each type has its field, and no other. */
export function checkFieldOfType(
  fieldOf: Readonly<Record<string, string>>,
  filter: { readonly type: string },
  problems: Problems,
): void {
  for (const [type, field] of Object.entries(fieldOf)) {
    const isThere = (filter as unknown as Record<string, unknown>)[field] !== undefined;
    if (isThere && filter.type !== type) problems.add(`only with type ${type}`, field);
    if (!isThere && filter.type === type) problems.add(`required for type ${type}`, field);
  }
}

/** Only these may be there more than once. */
const repeatable: ReadonlySet<string> = new Set(["RequestMirror", "ExtensionRef", "ExternalAuth"]);

export function checkRepeats(all: readonly { readonly type: string }[], problems: Problems): void {
  const seen = new Set<string>();
  all.forEach(({ type }, index) => {
    if (!repeatable.has(type) && seen.has(type)) {
      problems.add(`only one ${type} filter`, index, "type");
    }
    seen.add(type);
  });
}
