import type { Fields } from "../../model/head.ts";
import { PlainFields } from "../plain-head.ts";
import { Http1Fields } from "./fields.ts";
import type { HeadReader } from "./head-reader.ts";
import { FIRST_OF_HOP, kindOfName } from "./kinds.ts";
import { FIELDS_AT } from "./scan.ts";

/**
 * RFC 9110 §6.5.1: fields that frame, route, authenticate, or say how to read the content are never trailers; neither
 * are those by which hops tell each other who asks.
 */
const forbidden: ReadonlySet<string> = new Set([
  ..."age authorization cache-control content-encoding content-length content-range".split(" "),
  ..."content-type content-location cookie date expect expires forwarded host location".split(" "),
  ..."max-forwards origin pragma range retry-after set-cookie status te trailer".split(" "),
  ..."transfer-encoding vary via warning www-authenticate".split(" "),
  ..."traceparent tracestate baggage x-request-id b3 l5d-client-id".split(" "),
]);
const forbiddenPrefixes = [
  "x-forwarded-",
  "x-b3-",
  "x-heddle-",
  "access-control-",
  "if-",
  "proxy-",
];

/** May a field of that name pass on as a trailer? */
export function isTrailerAllowed(name: string): boolean {
  if (forbidden.has(name) || kindOfName(name) >= FIRST_OF_HOP) return false;
  return !forbiddenPrefixes.some((prefix) => name.startsWith(prefix));
}

/** The trailer fields that `reader` has read, without those that must not be there; null if none is left. */
export function readTrailers(reader: HeadReader): Fields | null {
  const { scanner } = reader;
  if (scanner.tableLength === FIELDS_AT) return null;
  const bytes = reader.source.subarray(reader.base, reader.base + reader.length);
  const fields = new PlainFields();
  new Http1Fields(bytes, scanner.table.slice(0, scanner.tableLength)).each((name, value) => {
    if (isTrailerAllowed(name)) fields.add(name, value);
  });
  return fields.pairs.length === 0 ? null : fields;
}
