import { latin1 } from "../latin1.ts";

/**
 * The fields a codec must know by heart: they frame the message or belong to one hop (RFC 9110 §7.6.1). All others
 * are `OTHER` and pass as they came.
 */
export const OTHER = 0;
export const HOST_FIELD = 1;
export const CONTENT_LENGTH = 2;
export const EXPECT = 3;
export const VIA = 4;
/** From here on a field is this hop's own and is never forwarded. */
export const FIRST_OF_HOP = 5;
export const TRANSFER_ENCODING = 5;
export const CONNECTION = 6;
export const KEEP_ALIVE = 7;
export const PROXY_CONNECTION = 8;
export const TE = 9;
export const UPGRADE = 10;
export const PROXY_AUTHENTICATE = 11;
export const PROXY_AUTHORIZATION = 12;
/** Named by this message's Connection field. */
export const NAMED = 13;
/** `content_length` and the like: no header of any standard, and the same variable as the real one in CGI. */
export const ALIAS = 14;

const UNDERSCORE = 0x5f;

const names: readonly (readonly [string, number])[] = [
  ["host", HOST_FIELD],
  ["content-length", CONTENT_LENGTH],
  ["expect", EXPECT],
  ["via", VIA],
  ["transfer-encoding", TRANSFER_ENCODING],
  ["connection", CONNECTION],
  ["keep-alive", KEEP_ALIVE],
  ["proxy-connection", PROXY_CONNECTION],
  ["te", TE],
  ["upgrade", UPGRADE],
  ["proxy-authenticate", PROXY_AUTHENTICATE],
  ["proxy-authorization", PROXY_AUTHORIZATION],
];

const kindByName: ReadonlyMap<string, number> = new Map(names);

/** Candidates by length of the name; a name of any other length is `OTHER` at once. */
const byLength: readonly (readonly (readonly [string, number])[] | null)[] = Array.from(
  { length: 32 },
  (_, length) => {
    const candidates = names.filter(([name]) => name.length === length);
    return candidates.length === 0 ? null : candidates;
  },
);

/** The kind of the field whose name is `bytes[start, end)`, in any case. */
export function kindOf(bytes: Buffer, start: number, end: number): number {
  const length = end - start;
  const candidates = length < 32 ? byLength[length]! : null;
  if (candidates === null) return OTHER;
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index]!;
    if (equalsName(bytes, start, end, candidate[0])) return candidate[1];
  }
  return (length === 14 || length === 17) && isAlias(bytes, start, end) ? ALIAS : OTHER;
}

function isAlias(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && bytes[at] !== UNDERSCORE) at++;
  if (at === end) return false;
  return isFramingAlias(latin1(bytes, start, end).toLowerCase());
}

/** Is `name`, in lower case and with underscores, that of a field that frames but for them? */
export function isFramingAlias(name: string): boolean {
  const plain = name.replaceAll("_", "-");
  return plain === "content-length" || plain === "transfer-encoding";
}

/** The kind of the field `name`, in lower case. */
export function kindOfName(name: string): number {
  return kindByName.get(name) ?? OTHER;
}

/** Is `bytes[start, end)` the token `name`? `name` is in lower case; only letters have a case. */
export function equalsName(bytes: Buffer, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false;
  for (let index = 0; index < name.length; index++) {
    const octet = bytes[start + index]!;
    const lower = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
    if (lower !== name.charCodeAt(index)) return false;
  }
  return true;
}
