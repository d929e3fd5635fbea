import { parseAlpn } from "./tls-wire.ts";

/** A ClientHello that is longer is not read, in octets. Those of browsers with post-quantum key shares have 2 KB. */
export const clientHelloBytesMax = 16_384;

/** What a client says before anything is encrypted. */
export interface ClientHello {
  /** The name it asks for, in lower case (RFC 6066 §3); null: none, or no host name. */
  readonly serverName: string | null;
  /** The protocols it offers, best first (RFC 7301 §3.1). */
  readonly alpn: readonly string[];
}

/**
 * Reads the ClientHello that `bytes[start, end)` begin with, which may lie in several TLS records (RFC 8446 §5.1). `more`: it has not
 * come whole. Null: it is none that can be read. Never throws.
 */
export function readClientHello(
  bytes: Buffer,
  start: number,
  end: number,
): ClientHello | "more" | null {
  const message = handshakeMessage(bytes, start, end);
  return message === "more" || message === null ? message : parseHello(message);
}

/** The body of the first handshake message, gathered from its records. */
function handshakeMessage(bytes: Buffer, start: number, end: number): Buffer | "more" | null {
  const pieces: Buffer[] = [];
  let gathered = 0;
  let wanted = 4;
  let hasHead = false;
  for (let at = start; ; ) {
    if (at < end && bytes[at] !== HANDSHAKE) return null;
    if (at + 1 < end && bytes[at + 1] !== 3) return null;
    if (at + RECORD_HEAD > end) return "more";
    const length = bytes.readUInt16BE(at + 3);
    // RFC 8446 §5.1: a handshake record is never empty.
    if (length === 0 || length > 16_384) return null;
    const from = at + RECORD_HEAD;
    const to = Math.min(from + length, end);
    pieces.push(bytes.subarray(from, to));
    gathered += to - from;
    if (!hasHead && gathered >= 4) {
      const head = Buffer.concat(pieces, gathered);
      if (head[0] !== CLIENT_HELLO) return null;
      wanted = 4 + head.readUIntBE(1, 3);
      if (wanted > clientHelloBytesMax) return null;
      hasHead = true;
    }
    if (hasHead && gathered >= wanted) return Buffer.concat(pieces, gathered).subarray(4, wanted);
    if (from + length > end) return "more";
    if (pieces.length > RECORDS_MAX) return null;
    at = from + length;
  }
}

/** RFC 8446 §4.1.2. */
function parseHello(message: Buffer): ClientHello | null {
  const reader = new VectorReader(message);
  reader.skip(2 + 32); // legacy_version, random
  reader.vector(1); // legacy_session_id
  reader.vector(2); // cipher_suites
  reader.vector(1); // legacy_compression_methods
  if (reader.isBroken) return null;
  if (reader.isAtEnd) return { serverName: null, alpn: [] };
  const extensions = new VectorReader(reader.vector(2));
  if (reader.isBroken) return null;
  let serverName: string | null = null;
  let alpn: readonly string[] = [];
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const data = extensions.vector(2);
    if (extensions.isBroken) return null;
    if (type === SERVER_NAME) serverName = parseServerNames(data);
    else if (type === ALPN) alpn = parseAlpn(new VectorReader(data).vector(2)) ?? [];
  }
  return { serverName, alpn };
}

/** RFC 6066 §3: a list, of which one entry may be a host name. An address is none. */
function parseServerNames(data: Buffer): string | null {
  const names = new VectorReader(new VectorReader(data).vector(2));
  while (!names.isAtEnd) {
    const type = names.number(1);
    const name = names.vector(2);
    if (names.isBroken) return null;
    if (type !== HOST_NAME) continue;
    const text = name.toString("latin1").toLowerCase();
    return HOST_NAME_TEXT.test(text) && text.length <= 253 ? text : null;
  }
  return null;
}

/** Reads numbers and vectors with a length before them; once it has run over the end it is broken and gives nothing. */
class VectorReader {
  readonly #bytes: Buffer;
  #at = 0;
  isBroken = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.isBroken || this.#at >= this.#bytes.length;
  }

  skip(count: number): void {
    if (this.#at + count > this.#bytes.length) this.isBroken = true;
    else this.#at += count;
  }

  number(size: number): number {
    const at = this.#at;
    this.skip(size);
    return this.isBroken ? 0 : this.#bytes.readUIntBE(at, size);
  }

  vector(lengthSize: number): Buffer {
    const length = this.number(lengthSize);
    const at = this.#at;
    this.skip(length);
    return this.isBroken ? EMPTY : this.#bytes.subarray(at, at + length);
  }
}

const EMPTY = Buffer.alloc(0);
const RECORD_HEAD = 5;
/** Nobody sends a hello in so many; each costs a look at it again. */
const RECORDS_MAX = 64;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;
const HOST_NAME = 0;
const HOST_NAME_TEXT = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/;
