import type { Gather } from "../gather.ts";

/** The types of frames (RFC 9113 §6). */
export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

/** Flags; a bit means something in some types of frames alone. */
export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
export const HAS_PRIORITY = 0x20;

/** Octets of a frame's header (RFC 9113 §4.1). */
export const FRAME_HEADER_BYTES = 9;

/** What every peer takes, and what we take: the least that SETTINGS_MAX_FRAME_SIZE may say (RFC 9113 §4.2). */
export const FRAME_BYTES_MAX = 16_384;

/** The largest flow-control window, and the largest stream identifier (RFC 9113 §6.9.1, §4.1). */
export const WIDEST_WINDOW = 0x7fff_ffff;
export const LAST_STREAM_ID = 0x7fff_ffff;

/** What a client sends first (RFC 9113 §3.4). */
export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** Begins a frame whose payload of `length` octets is appended next; the room was reserved. */
export function appendFrameHeader(
  out: Gather,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): void {
  const { bytes } = out;
  const at = out.length;
  bytes[at] = length >>> 16;
  bytes[at + 1] = (length >>> 8) & 0xff;
  bytes[at + 2] = length & 0xff;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  putUint32(bytes, at + 5, streamId);
  out.length = at + FRAME_HEADER_BYTES;
}

export function appendUint32(out: Gather, value: number): void {
  putUint32(out.bytes, out.length, value);
  out.length += 4;
}

function putUint32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = (value >>> 16) & 0xff;
  bytes[at + 2] = (value >>> 8) & 0xff;
  bytes[at + 3] = value & 0xff;
}

/** The four octets at `at`, without a sign. */
export function readUint32(bytes: Buffer, at: number): number {
  return (
    bytes[at]! * 0x100_0000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
  );
}

/** The four octets at `at` without their first bit, which is reserved. */
export function readUint31(bytes: Buffer, at: number): number {
  return (
    ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  );
}
