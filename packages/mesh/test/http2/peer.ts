import { Gather } from "@heddle/mesh/net/gather.ts";
import * as frame from "@heddle/mesh/net/http2/frame.ts";
import { HpackDecoder } from "@heddle/mesh/net/http2/hpack/decoder.ts";
import { HpackEncoder } from "@heddle/mesh/net/http2/hpack/encoder.ts";
import { HpackField } from "@heddle/mesh/net/http2/hpack/field.ts";
import { defaultHttp2Limits } from "@heddle/mesh/net/http2/limits.ts";

/** A frame in plain words. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

const names = "DATA HEADERS PRIORITY RST SETTINGS PUSH PING GOAWAY WINDOW CONTINUATION".split(" ");

/** `length type flags id payload` as octets. */
export function frameBytes(
  type: number,
  flags: number,
  id: number,
  payload: Buffer | string = "",
): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  const header = Buffer.alloc(9);
  header.writeUIntBE(bytes.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(id, 5);
  return Buffer.concat([header, bytes]);
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => void bytes.writeUInt32BE(value >>> 0, 4 * index));
  return bytes;
}

export const data = (id: number, payload: Buffer | string, isEnd = false) =>
  frameBytes(frame.DATA, isEnd ? frame.END_STREAM : 0, id, payload);
export const reset = (id: number, code: number) =>
  frameBytes(frame.RST_STREAM, 0, id, uint32(code));
export const windowUpdate = (id: number, by: number) =>
  frameBytes(frame.WINDOW_UPDATE, 0, id, uint32(by));
export const ping = (payload = "12345678") => frameBytes(frame.PING, 0, 0, payload);
export const pong = (payload = "12345678") => frameBytes(frame.PING, frame.ACK, 0, payload);
export const goaway = (lastId: number, code = 0) =>
  frameBytes(frame.GOAWAY, 0, 0, uint32(lastId, code));
export const settingsAck = frameBytes(frame.SETTINGS, frame.ACK, 0);

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const parts = pairs.map(([id, value]) => {
    const bytes = Buffer.alloc(6);
    bytes.writeUInt16BE(id, 0);
    bytes.writeUInt32BE(value, 2);
    return bytes;
  });
  return frameBytes(frame.SETTINGS, 0, 0, Buffer.concat(parts));
}

export const preface = Buffer.from(frame.PREFACE, "latin1");

type Pairs = readonly (readonly [name: string, value: string])[];

export const get: Pairs = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "kvs"],
];
export const post: Pairs = [[":method", "POST"], ...get.slice(1)];
export const ok: Pairs = [[":status", "200"]];

/** The other end of a connection, in the hands of a test: writes frames, and reads what the codec has written. */
export class Peer {
  readonly #encoder = new HpackEncoder();
  readonly #decoder = new HpackDecoder(defaultHttp2Limits);
  readonly #fields = new Map<string, HpackField>();
  #read = 0;

  block(pairs: Pairs): Buffer {
    const out = new Gather(65_536);
    this.#encoder.begin(out);
    for (const [name, value] of pairs) {
      const key = `${name}: ${value}`;
      const field = this.#fields.get(key) ?? new HpackField(name, value);
      this.#fields.set(key, field); // an encoder knows its fields by identity
      this.#encoder.field(out, field);
    }
    return Buffer.from(out.bytes.subarray(0, out.length));
  }

  headers(id: number, pairs: Pairs, isEnd = false): Buffer {
    const block = this.block(pairs);
    const pieces: Buffer[] = [];
    for (let at = 0; at < block.length; at += 16_384) pieces.push(block.subarray(at, at + 16_384));
    const frames = pieces.map((piece, index) => {
      const isLast = index === pieces.length - 1;
      const flags =
        (isLast ? frame.END_HEADERS : 0) | (index === 0 && isEnd ? frame.END_STREAM : 0);
      return frameBytes(index === 0 ? frame.HEADERS : frame.CONTINUATION, flags, id, piece);
    });
    return Buffer.concat(frames);
  }

  /** What has been written since the last call, as lines: `HEADERS 1 END :status=200`. */
  read(output: string): string[] {
    const lines: string[] = [];
    for (const each of this.frames(output)) lines.push(this.#say(each));
    return lines;
  }

  frames(output: string): Frame[] {
    const bytes = Buffer.from(output, "latin1");
    if (this.#read === 0 && bytes.subarray(0, preface.length).equals(preface)) {
      this.#read = preface.length;
    }
    const frames: Frame[] = [];
    while (bytes.length - this.#read >= 9) {
      const length = bytes.readUIntBE(this.#read, 3);
      const end = this.#read + 9 + length;
      if (bytes.length < end) break;
      frames.push({
        type: bytes[this.#read + 3]!,
        flags: bytes[this.#read + 4]!,
        id: bytes.readUInt32BE(this.#read + 5),
        payload: bytes.subarray(this.#read + 9, end),
      });
      this.#read = end;
    }
    return frames;
  }

  fields(block: Buffer): HpackField[] {
    const fields: HpackField[] = [];
    const fault = this.#decoder.decode(block, 0, block.length, fields);
    if (fault !== null) throw new Error(fault.detail);
    return fields;
  }

  #say({ type, flags, id, payload }: Frame): string {
    const name = names[type] ?? String(type);
    const end = flags & frame.END_STREAM && type <= frame.HEADERS ? " END" : "";
    switch (type) {
      case frame.DATA:
        return `DATA ${id}${end} ${payload.length > 40 ? `${payload.length} octets` : payload.toString("latin1")}`.trim();
      case frame.HEADERS:
        return `HEADERS ${id}${end} ${this.fields(payload)
          .map((field) => `${field.name}=${field.value}`)
          .join(" ")}`.trim();
      case frame.RST_STREAM:
        return `RST ${id} ${payload.readUInt32BE(0)}`;
      case frame.GOAWAY:
        return `GOAWAY ${payload.readUInt32BE(0)} ${payload.readUInt32BE(4)}`;
      case frame.WINDOW_UPDATE:
        return `WINDOW ${id} ${payload.readUInt32BE(0)}`;
      default:
        return `${name}${flags & frame.ACK ? " ACK" : ""}`;
    }
  }
}
