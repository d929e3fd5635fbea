import http2 from "node:http2";
import { Duplex } from "node:stream";
import { Gather } from "@heddle/mesh/net/gather.ts";
import { HpackDecoder } from "@heddle/mesh/net/http2/hpack/decoder.ts";
import { HpackEncoder } from "@heddle/mesh/net/http2/hpack/encoder.ts";
import type { HpackField } from "@heddle/mesh/net/http2/hpack/field.ts";
import type { LiteralCache } from "@heddle/mesh/net/http2/hpack/literal-cache.ts";

/** A field as both ends tell it. */
export interface Line {
  readonly name: string;
  readonly value: string;
  readonly isSensitive: boolean;
}

/** What became of a block that was sent. */
export interface Told {
  /** The fields as node:http2 took them; null where it took no head of them. */
  readonly lines: readonly Line[] | null;
  /** Did it say that the block cannot be decoded? */
  readonly isBroken: boolean;
}

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const RST_STREAM = 3;
const HEADERS = 1;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const CONTINUATION = 9;
const END_STREAM = 1;
const END_HEADERS = 4;
const ACK = 1;
const COMPRESSION_ERROR = 9;
const HEADER_TABLE_SIZE = 1;

export const unlimited = { tableBytesMax: 4096, listBytesMax: 1e9, fieldsMax: 1e9 };

/** A server of node:http2 at the other end of an in-memory connection: its HPACK, nghttp2's, against ours, both ways. */
export class HpackPeer {
  readonly encoder = new HpackEncoder();
  readonly decoder: HpackDecoder;
  /** What our decoder refused of the peer's blocks. */
  fault: string | null = null;
  isBroken = false;
  #session: http2.ServerHttp2Session | null = null;
  readonly #side: Duplex;
  #unread = Buffer.alloc(0);
  #block: Buffer[] = [];
  #nextStream = 1;
  #tableBytesMax = 4096;
  readonly #taken = new Map<number, readonly Line[]>();
  readonly #replies = new Map<number, HpackField[]>();
  #replyTo: (id: number) => readonly Line[] = () => [];
  #onSettled: () => void = () => {};
  #pongs = 0;
  #settled = 0;

  constructor(literals: LiteralCache | null) {
    this.decoder = new HpackDecoder(unlimited, literals);
    this.#side = new Duplex({
      read() {},
      write: (chunk: Buffer, _encoding, done) => {
        this.#read(chunk);
        done();
      },
    });
    const server = http2.createServer({ maxSessionInvalidFrames: 1e9, maxHeaderListPairs: 4096 });
    server.on("sessionError", () => {});
    server.on("session", (session) => {
      this.#session = session;
      session.on("error", () => {});
    });
    server.on("stream", (stream: http2.ServerHttp2Stream, headers, _flags, raw) =>
      this.#answer(stream, headers, raw as unknown as string[]),
    );
    server.emit("connection", this.#side);
    this.#side.push(PREFACE, "latin1");
    this.#send(SETTINGS, 0, 0, Buffer.alloc(0));
  }

  /** Has the peer announce a table size; it holds from the next exchange on. */
  async resizeTheirs(bytes: number): Promise<void> {
    const settled = this.#settled;
    this.#session?.settings({ headerTableSize: bytes });
    while (this.#settled === settled && !this.isBroken) await this.#wait();
  }

  /** Announces a table size; the peer's next block follows it. */
  async resizeOurs(bytes: number): Promise<void> {
    const payload = Buffer.alloc(6);
    payload.writeUInt16BE(HEADER_TABLE_SIZE, 0);
    payload.writeUInt32BE(bytes, 2);
    this.#send(SETTINGS, 0, 0, payload);
    this.#tableBytesMax = bytes;
    await this.#pong();
  }

  /** Is what the peer has us keep no more than we allowed? */
  get isTableKept(): boolean {
    return this.decoder.tableBytes <= this.#tableBytesMax;
  }

  /** Sends blocks that are well-formed heads, each to be answered by `replyTo` of its place; gives what came of them. */
  async exchange(
    blocks: readonly Buffer[],
    cuts: readonly number[],
    replyTo: (index: number) => readonly Line[],
  ): Promise<{ taken: (readonly Line[] | undefined)[]; replies: (HpackField[] | undefined)[] }> {
    const first = this.#nextStream;
    this.#replyTo = (id) => replyTo((id - first) / 2);
    this.#side.cork();
    for (const [index, block] of blocks.entries()) this.#sendHead(block, cuts[index] ?? 0);
    this.#side.uncork();
    const ids = blocks.map((_, index) => first + 2 * index);
    while (!this.isBroken && this.fault === null && ids.some((id) => !this.#replies.has(id))) {
      await this.#wait();
    }
    const taken = ids.map((id) => this.#taken.get(id));
    const replies = ids.map((id) => this.#replies.get(id));
    this.#taken.clear();
    this.#replies.clear();
    return { taken, replies };
  }

  /** Sends any octets as the block of a head. */
  async try(block: Buffer): Promise<Told> {
    const id = this.#nextStream;
    this.#replyTo = () => [];
    this.#sendHead(block, 0);
    await this.#pong();
    const lines = this.#taken.get(id) ?? null;
    this.#taken.clear();
    this.#replies.clear();
    return { lines, isBroken: this.isBroken };
  }

  close(): void {
    this.#session?.destroy();
    this.#side.destroy();
  }

  async #pong(): Promise<void> {
    const pongs = this.#pongs;
    this.#send(PING, 0, 0, Buffer.alloc(8));
    while (this.#pongs === pongs && !this.isBroken) await this.#wait();
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#onSettled = resolve;
    });
  }

  #answer(
    stream: http2.ServerHttp2Stream,
    headers: http2.IncomingHttpHeaders,
    raw: string[],
  ): void {
    const id = stream.id!;
    const secret = new Set(headers[http2.sensitiveHeaders as unknown as string] ?? []);
    const lines: Line[] = [];
    for (let at = 0; at < raw.length; at += 2) {
      const name = raw[at]!;
      lines.push({ name, value: raw[at + 1]!, isSensitive: secret.has(name) });
    }
    this.#taken.set(id, lines);
    stream.on("error", () => {});
    const reply: Record<string | symbol, unknown> = { ":status": 200 };
    for (const { name, value } of this.#replyTo(id)) reply[name] = value;
    reply[http2.sensitiveHeaders] = this.#replyTo(id)
      .filter((each) => each.isSensitive)
      .map((each) => each.name);
    stream.respond(
      reply as http2.OutgoingHttpHeaders,
      { endStream: true, sendDate: false } as never,
    );
  }

  /** @param cut where CONTINUATION begins; 0 for nowhere */
  #sendHead(block: Buffer, cut: number): void {
    const id = this.#nextStream;
    this.#nextStream += 2;
    const at = cut > 0 && cut < block.length ? cut : Math.min(block.length, 16_000);
    const isWhole = at === block.length;
    this.#send(HEADERS, END_STREAM | (isWhole ? END_HEADERS : 0), id, block.subarray(0, at));
    for (let start = at; start < block.length; start += 16_000) {
      const end = Math.min(block.length, start + 16_000);
      this.#send(
        CONTINUATION,
        end === block.length ? END_HEADERS : 0,
        id,
        block.subarray(start, end),
      );
    }
  }

  #send(type: number, flags: number, id: number, payload: Buffer): void {
    const frame = Buffer.alloc(9 + payload.length);
    frame.writeUIntBE(payload.length, 0, 3);
    frame[3] = type;
    frame[4] = flags;
    frame.writeUInt32BE(id, 5);
    payload.copy(frame, 9);
    if (!this.#side.destroyed) this.#side.push(frame);
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    while (this.#unread.length >= 9) {
      const length = this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < 9 + length) break;
      const payload = this.#unread.subarray(9, 9 + length);
      this.#frame(this.#unread[3]!, this.#unread[4]!, this.#unread.readUInt32BE(5), payload);
      this.#unread = this.#unread.subarray(9 + length);
    }
    this.#onSettled();
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): void {
    if (type === GOAWAY) {
      this.isBroken = true;
      if (payload.readUInt32BE(4) !== COMPRESSION_ERROR) {
        this.fault = `GOAWAY with ${payload.readUInt32BE(4)}`;
      }
    } else if (type === PING && (flags & ACK) !== 0) this.#pongs++;
    else if (type === SETTINGS && (flags & ACK) === 0) {
      for (let at = 0; at < payload.length; at += 6) {
        if (payload.readUInt16BE(at) !== HEADER_TABLE_SIZE) continue;
        this.encoder.setPeerTableBytesMax(payload.readUInt32BE(at + 2));
      }
      this.#settled++;
      this.#send(SETTINGS, ACK, 0, Buffer.alloc(0));
    } else if (type === RST_STREAM) this.#replies.set(id, []);
    else if (type === HEADERS || type === CONTINUATION) {
      this.#block.push(payload);
      if ((flags & END_HEADERS) === 0) return;
      const block = Buffer.concat(this.#block);
      this.#block = [];
      const fields: HpackField[] = [];
      const fault = this.decoder.decode(block, 0, block.length, fields);
      if (fault !== null) this.fault = fault.detail;
      this.#replies.set(id, fields);
    }
  }
}

const out = new Gather();

/** The block that our encoder makes of `fields`. */
export function encode(encoder: HpackEncoder, fields: readonly HpackField[]): Buffer {
  out.length = 0;
  encoder.begin(out);
  for (const field of fields) encoder.field(out, field);
  return Buffer.from(out.bytes.subarray(0, out.length));
}
