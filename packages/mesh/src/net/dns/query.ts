/** Types of records that we know by name (RFC 1035 §3.2.2, RFC 3596, RFC 2782, RFC 6891). */
export const recordTypes = { A: 1, SOA: 6, PTR: 12, AAAA: 28, SRV: 33, OPT: 41, ANY: 255 } as const;
/** Outcomes (RFC 1035 §4.1.1). */
export const responseCodes = {
  ok: 0,
  malformed: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5,
} as const;
/** Octets of the fixed part of a message. */
export const headerBytes = 12;

/** One question, as it was asked. */
export interface Query {
  readonly id: number;
  readonly isRecursionDesired: boolean;
  /** In lower case, without the dot at its end; the root is "". */
  readonly name: string;
  readonly type: number;
  /** Octets of the question, from the name to the class: they are said again in the answer, in the asker's own case. */
  readonly question: Buffer;
  /** Octets that the asker takes over UDP (RFC 6891 §6.2.3); null: it said nothing of it, and 512 hold. */
  readonly udpBytesMax: number | null;
}

/** What to say to a message that is no question of ours to answer; null: nothing, for it may not even be a question. */
export type QueryParsed =
  | { readonly ok: true; readonly query: Query }
  | { readonly ok: false; readonly id: number; readonly code: number }
  | { readonly ok: false; readonly id: null };

/**
 * Reads one question, strictly: one question, of class IN, names without compression, records that end where the message
 * ends. Never throws.
 */
export function parseQuery(bytes: Buffer): QueryParsed {
  if (bytes.length < headerBytes || (bytes[2]! & 0x80) !== 0) return { ok: false, id: null };
  const id = bytes.readUInt16BE(0);
  const refuse = (code: number): QueryParsed => ({ ok: false, id, code });
  if ((bytes[2]! & 0x78) !== 0) return refuse(responseCodes.notImplemented);
  const count = (at: number) => bytes.readUInt16BE(at);
  if (count(4) !== 1 || count(6) !== 0 || count(8) !== 0) return refuse(responseCodes.malformed);
  const name = readName(bytes, headerBytes);
  if (name === null || name.end + 4 > bytes.length) return refuse(responseCodes.malformed);
  const questionEnd = name.end + 4;
  const additional = readAdditional(bytes, questionEnd, count(10));
  if (additional === null) return refuse(responseCodes.malformed);
  if (bytes.readUInt16BE(name.end + 2) !== 1) return refuse(responseCodes.refused);
  return {
    ok: true,
    query: {
      id,
      isRecursionDesired: (bytes[2]! & 1) !== 0,
      name: name.text,
      type: bytes.readUInt16BE(name.end),
      question: bytes.subarray(headerBytes, questionEnd),
      udpBytesMax: additional.udpBytesMax,
    },
  };
}

/** RFC 1035 §3.1: labels up to 63 octets, the whole up to 255. Octets that no host name has are kept as `\ddd`. */
function readName(bytes: Buffer, start: number): { text: string; end: number } | null {
  const labels: string[] = [];
  let at = start;
  while (at < bytes.length) {
    const length = bytes[at]!;
    if (length === 0) return { text: labels.join("."), end: at + 1 };
    if (length > 63 || at + 1 + length - start > 254) return null; // a pointer, or too long
    if (at + 1 + length > bytes.length) return null;
    labels.push(readLabel(bytes, at + 1, length));
    at += 1 + length;
  }
  return null;
}

function readLabel(bytes: Buffer, start: number, length: number): string {
  let label = "";
  for (let at = start; at < start + length; at++) {
    const octet = bytes[at]!;
    const isUpper = octet >= 0x41 && octet <= 0x5a;
    // A dot within a label, and what is not printable, must not read as another name.
    const isPlain = octet > 0x20 && octet < 0x7f && octet !== 0x2e && octet !== 0x5c;
    if (isUpper) label += String.fromCharCode(octet + 0x20);
    else label += isPlain ? String.fromCharCode(octet) : `\\${String(octet).padStart(3, "0")}`;
  }
  return label;
}

/** RFC 6891: at most one OPT, of the root; a signature (TSIG) may follow. Null: malformed. */
function readAdditional(
  bytes: Buffer,
  start: number,
  count: number,
): { udpBytesMax: number | null } | null {
  let udpBytesMax: number | null = null;
  let at = start;
  for (let index = 0; index < count; index++) {
    const name = readName(bytes, at);
    if (name === null || name.end + 10 > bytes.length) return null;
    if (bytes.readUInt16BE(name.end) === recordTypes.OPT) {
      if (udpBytesMax !== null || name.text !== "") return null;
      udpBytesMax = Math.max(512, bytes.readUInt16BE(name.end + 2));
    }
    at = name.end + 10 + bytes.readUInt16BE(name.end + 8);
  }
  return at === bytes.length ? { udpBytesMax } : null;
}
