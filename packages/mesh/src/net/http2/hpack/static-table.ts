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

const indexByName: ReadonlyMap<string, number> = buildNames();
const indexByLine: ReadonlyMap<string, number> = new Map(lines.map((line, at) => [line, at + 1]));

/** Finds out where `field` stands in the static table and notes it on the field. */
export function placeInStatic(field: HpackField): void {
  const nameIndex = indexByName.get(field.name) ?? 0;
  field.staticNameIndex = nameIndex;
  if (nameIndex === 0) {
    field.staticIndex = 0;
    return;
  }
  const { name, value } = field;
  field.staticIndex = indexByLine.get(value === "" ? name : `${name} ${value}`) ?? 0;
}

/** The object that stands for a name of the static table, or `name` itself: equal names are then the same string. */
export function internName(name: string): string {
  const index = indexByName.get(name);
  return index === undefined ? name : staticFields[index]!.name;
}

function toField(line: string, at: number): HpackField {
  const space = line.indexOf(" ");
  const name = space < 0 ? line : line.slice(0, space);
  const field = new HpackField(name, space < 0 ? "" : line.slice(space + 1));
  field.staticIndex = at + 1;
  field.staticNameIndex = at + 1;
  return field;
}

function buildNames(): Map<string, number> {
  const names = new Map<string, number>();
  for (let index = lines.length; index > 0; index--)
    names.set(lines[index - 1]!.split(" ")[0]!, index);
  return names;
}
