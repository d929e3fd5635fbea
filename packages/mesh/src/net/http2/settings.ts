import type { Gather } from "../gather.ts";
import { type ErrorCode, errorCodes } from "./error-code.ts";
import {
  appendFrameHeader,
  appendUint32,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  readUint32,
  SETTINGS,
  WIDEST_WINDOW,
} from "./frame.ts";

const HEADER_TABLE_SIZE = 1;
const ENABLE_PUSH = 2;
const MAX_CONCURRENT_STREAMS = 3;
const INITIAL_WINDOW_SIZE = 4;
const MAX_FRAME_SIZE = 5;
const MAX_HEADER_LIST_SIZE = 6;
const ENABLE_CONNECT_PROTOCOL = 8; // RFC 8441 §3

const SETTING_BYTES = 6;
/** The window every stream and every connection starts with (RFC 9113 §6.9.2). */
export const WINDOW_AT_START = 65_535;

/** What the peer has said of itself so far (RFC 9113 §6.5.2). */
export class PeerSettings {
  headerTableBytes = 4096;
  streamsMax = Number.POSITIVE_INFINITY;
  streamWindowBytes = WINDOW_AT_START;
  frameBytesMax = FRAME_BYTES_MAX;
  headListBytesMax = Number.POSITIVE_INFINITY;
  takesExtendedConnect = false;

  /**
   * Takes over the values of a payload, in order; the code of the connection error that it is, else null. The payload's length
   * is a multiple of six.
   * @param isServer is the peer a server?
   */
  read(bytes: Buffer, start: number, end: number, isServer: boolean): ErrorCode | null {
    for (let at = start; at < end; at += SETTING_BYTES) {
      const id = (bytes[at]! << 8) | bytes[at + 1]!;
      const fault = this.#set(id, readUint32(bytes, at + 2), isServer);
      if (fault !== null) return fault;
    }
    return null;
  }

  #set(id: number, value: number, isServer: boolean): ErrorCode | null {
    switch (id) {
      case HEADER_TABLE_SIZE:
        this.headerTableBytes = value;
        return null;
      case ENABLE_PUSH:
        // We never push. A server that says it would take a push is wrong (RFC 9113 §6.5.2).
        return value > (isServer ? 0 : 1) ? errorCodes.PROTOCOL_ERROR : null;
      case MAX_CONCURRENT_STREAMS:
        this.streamsMax = value;
        return null;
      case INITIAL_WINDOW_SIZE:
        if (value > WIDEST_WINDOW) return errorCodes.FLOW_CONTROL_ERROR;
        this.streamWindowBytes = value;
        return null;
      case MAX_FRAME_SIZE:
        if (value < FRAME_BYTES_MAX || value > 0xff_ffff) return errorCodes.PROTOCOL_ERROR;
        this.frameBytesMax = value;
        return null;
      case MAX_HEADER_LIST_SIZE:
        this.headListBytesMax = value;
        return null;
      case ENABLE_CONNECT_PROTOCOL:
        // RFC 8441 §3: once said it holds.
        if (value > 1 || (value === 0 && this.takesExtendedConnect))
          return errorCodes.PROTOCOL_ERROR;
        this.takesExtendedConnect = value === 1;
        return null;
      default:
        return null;
    }
  }
}

/** What we say of ourselves. */
export interface OwnSettings {
  readonly isServer: boolean;
  readonly headerTableBytes: number;
  readonly streamsMax: number;
  readonly streamWindowBytes: number;
  readonly headListBytesMax: number;
}

/** Octets that `appendSettings` takes at most. */
export const SETTINGS_FRAME_BYTES_MAX = FRAME_HEADER_BYTES + 7 * SETTING_BYTES;

export function appendSettings(out: Gather, own: OwnSettings): void {
  const values: readonly (readonly [id: number, value: number])[] = [
    [HEADER_TABLE_SIZE, own.headerTableBytes],
    [INITIAL_WINDOW_SIZE, own.streamWindowBytes],
    [MAX_FRAME_SIZE, FRAME_BYTES_MAX],
    [MAX_HEADER_LIST_SIZE, own.headListBytesMax],
    ...(own.isServer
      ? ([
          [MAX_CONCURRENT_STREAMS, own.streamsMax],
          [ENABLE_CONNECT_PROTOCOL, 1],
        ] as const)
      : ([[ENABLE_PUSH, 0]] as const)),
  ];
  appendFrameHeader(out, values.length * SETTING_BYTES, SETTINGS, 0, 0);
  for (const [id, value] of values) {
    out.bytes[out.length++] = id >>> 8;
    out.bytes[out.length++] = id & 0xff;
    appendUint32(out, value);
  }
}
