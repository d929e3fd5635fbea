import { HpackField } from "./field.ts";

const lines = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`.split("\n");

/** The static table (RFC 7541 Appendix A); index 1 is the first, 0 holds nothing. */
export const staticFields: readonly (HpackField | null)[] = [null, ...lines.map(toField)];

/** How many there are: the first entry of the dynamic table has the next index. */
export const STATIC_COUNT = 61;

/** Of each name its first place, and the places of its lines where those have values. */
interface StaticName {
  readonly index: number;
  readonly values: readonly HpackField[];
}

const names: ReadonlyMap<string, StaticName> = buildNames();

/** Finds out where `field` stands in the static table and notes it on the field. */
export function placeInStatic(field: HpackField): void {
  field.staticIndex = 0;
  const entry = names.get(field.name);
  if (entry === undefined) return;
  field.staticNameIndex = entry.index;
  const { values } = entry;
  for (let at = 0; at < values.length; at++) {
    if (values[at]!.value === field.value) field.staticIndex = values[at]!.staticIndex;
  }
}

/** The object that stands for a name of the static table, or `name` itself: equal names are then the same string. */
export function internName(name: string): string {
  const entry = names.get(name);
  return entry === undefined ? name : staticFields[entry.index]!.name;
}

function toField(line: string, at: number): HpackField {
  const space = line.indexOf(" ");
  const name = space < 0 ? line : line.slice(0, space);
  const field = new HpackField(name, space < 0 ? "" : line.slice(space + 1));
  field.staticIndex = at + 1;
  field.staticNameIndex = at + 1;
  return field;
}

function buildNames(): Map<string, StaticName> {
  const byName = new Map<string, StaticName>();
  for (let index = 1; index <= STATIC_COUNT; index++) {
    const field = staticFields[index]!;
    const values = byName.get(field.name)?.values ?? [];
    const first = byName.get(field.name)?.index ?? index;
    byName.set(field.name, { index: first, values: [...values, field] });
  }
  return byName;
}
