import type { Fields } from "../../model/head.ts";
import type { Gather } from "../gather.ts";
import { hexValues, octets, TEXT, TOKEN } from "./chars.ts";
import { HeadReader } from "./head-reader.ts";
import { CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING } from "./kinds.ts";
import type { Http1Limits } from "./limits.ts";
import { readTrailers } from "./trailers.ts";

/** What a step of the decoder found. */
export type ChunkedEvent = "more" | "data" | "end" | "fault";

type Phase =
  | "size" // the first digit of a chunk size
  | "digits" // further digits
  | "name-start" // after `;`
  | "name"
  | "value-start" // after `=`
  | "value"
  | "quoted"
  | "escaped" // after `\` in a quoted string
  | "after-quoted"
  | "size-lf" // after the CR that ends the size line
  | "data"
  | "data-cr"
  | "data-lf"
  | "trailers"
  | "ended";

/** What no trailer may say: how long the message is, and whether the connection goes on after it. */
const FRAMING = (1 << CONTENT_LENGTH) | (1 << TRANSFER_ENCODING) | (1 << CONNECTION);
const CR = 0x0d;
const LF = 0x0a;

/**
 * Reads a chunked body (RFC 9112 §7.1), octet by octet where it is framing and in ranges where it is data. Strict: CRLF
 * alone ends a line, no space stands anywhere, extensions follow the grammar and are dropped.
 *
 *     size [;name[=value]]… CRLF  data CRLF  …  0 CRLF  [trailer CRLF]…  CRLF
 */
export class ChunkedDecoder {
  readonly #limits: Http1Limits;
  #phase: Phase = "size";
  #size = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailerReader: HeadReader | null = null;
  /** The first octet not yet read. */
  at = 0;
  /** After "data": the range of it. */
  dataStart = 0;
  dataEnd = 0;
  /** After "end": the trailer fields that may be forwarded, or null. */
  trailers: Fields | null = null;
  /** After "fault": what is wrong. */
  detail = "";

  constructor(limits: Http1Limits) {
    this.#limits = limits;
  }

  /** Goes on in `bytes[this.at, end)` up to the next event; the caller sets `at` for new bytes. */
  next(bytes: Buffer, end: number): ChunkedEvent {
    while (this.at < end) {
      if (this.#phase === "data") return this.#takeData(end);
      if (this.#phase === "trailers") return this.#takeTrailers(bytes, end);
      const octet = bytes[this.at++]!;
      const detail = this.#step(octet);
      if (detail !== null) {
        this.detail = detail;
        return "fault";
      }
    }
    return "more";
  }

  #takeData(end: number): ChunkedEvent {
    const count = Math.min(this.#size, end - this.at);
    this.dataStart = this.at;
    this.dataEnd = this.at + count;
    this.at += count;
    this.#size -= count;
    if (this.#size === 0) this.#phase = "data-cr";
    return "data";
  }

  #takeTrailers(bytes: Buffer, end: number): ChunkedEvent {
    this.#trailerReader ??= new HeadReader("trailers", this.#limits, null);
    const at = this.#trailerReader.read(bytes, this.at, end);
    this.at = at < 0 ? end : at;
    const { fault } = this.#trailerReader;
    if (fault !== null) {
      this.detail = `trailers: ${fault.detail}`;
      return "fault";
    }
    if (at < 0) return "more";
    if ((this.#trailerReader.scanner.seen & FRAMING) !== 0) {
      this.detail = "trailers that frame the body";
      return "fault";
    }
    this.#phase = "ended";
    this.trailers = readTrailers(this.#trailerReader);
    return "end";
  }

  /** Moves on by one octet of framing; what is wrong with it, or null. */
  #step(octet: number): string | null {
    switch (this.#phase) {
      case "size":
        this.#size = hexValues[octet]!;
        if (this.#size === 255) return "chunk size does not start with a hexadecimal digit";
        this.#digits = 1;
        this.#extensionBytes = 0;
        this.#phase = "digits";
        return null;
      case "digits":
        return this.#stepDigits(octet);
      case "name-start":
      case "name":
      case "value":
      case "value-start":
      case "quoted":
      case "escaped":
      case "after-quoted":
        return this.#stepExtension(octet);
      case "size-lf":
        if (octet !== LF) return "bare CR after a chunk size";
        this.#phase = this.#size === 0 ? "trailers" : "data";
        return null;
      case "data-cr":
        if (octet !== CR) return "chunk data longer than its size, or a bare LF after it";
        this.#phase = "data-lf";
        return null;
      case "data-lf":
        if (octet !== LF) return "bare CR after chunk data";
        this.#phase = "size";
        return null;
      default:
        return "octets after the last chunk";
    }
  }

  #stepDigits(octet: number): string | null {
    const digit = hexValues[octet]!;
    if (digit !== 255) {
      // 16 digits at most, so that leading zeros do not go on for ever either.
      this.#size = this.#size * 16 + digit;
      if (++this.#digits > 16 || this.#size > Number.MAX_SAFE_INTEGER)
        return "chunk size too large";
      return null;
    }
    return this.#stepEndOfToken(octet, "octet not allowed in a chunk size");
  }

  #stepExtension(octet: number): string | null {
    if (++this.#extensionBytes > this.#limits.chunkExtensionBytesMax) {
      return "chunk extensions over their limit";
    }
    const bits = octets[octet]!;
    switch (this.#phase) {
      case "name-start":
        if ((bits & TOKEN) === 0) return "chunk extension without a name";
        this.#phase = "name";
        return null;
      case "name":
        if ((bits & TOKEN) !== 0) return null;
        if (octet === 0x3d) {
          this.#phase = "value-start";
          return null;
        }
        return this.#stepEndOfToken(octet, "octet not allowed in a chunk extension");
      case "value-start":
        if (octet === 0x22) {
          this.#phase = "quoted";
          return null;
        }
        if ((bits & TOKEN) === 0) return "chunk extension without a value";
        this.#phase = "value";
        return null;
      case "value":
        if ((bits & TOKEN) !== 0) return null;
        return this.#stepEndOfToken(octet, "octet not allowed in a chunk extension");
      case "quoted":
        if (octet === 0x22) this.#phase = "after-quoted";
        else if (octet === 0x5c) this.#phase = "escaped";
        else if ((bits & TEXT) === 0) return "control character in a chunk extension";
        return null;
      case "escaped":
        if ((bits & TEXT) === 0) return "control character in a chunk extension";
        this.#phase = "quoted";
        return null;
      default:
        return this.#stepEndOfToken(octet, "octet not allowed after a quoted chunk extension");
    }
  }

  #stepEndOfToken(octet: number, otherwise: string): string | null {
    if (octet === CR) this.#phase = "size-lf";
    else if (octet === 0x3b) this.#phase = "name-start";
    else return octet === LF ? "bare LF after a chunk size" : otherwise;
    return null;
  }
}

/** The most octets that frame one chunk. */
export const CHUNK_FRAME_BYTES_MAX = 20;

/** Appends the line before `count` octets of data. */
export function appendChunkSize(out: Gather, count: number): void {
  out.appendText(count.toString(16));
  out.appendText("\r\n");
}
