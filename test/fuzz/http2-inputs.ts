import type { Rng } from "@heddle/mesh/base/rng.ts";
import { Gather } from "@heddle/mesh/net/gather.ts";
import { HpackEncoder } from "@heddle/mesh/net/http2/hpack/encoder.ts";
import { HpackField } from "@heddle/mesh/net/http2/hpack/field.ts";

const [DATA, HEADERS, PRIORITY, SETTINGS, PING, WINDOW, CONTINUATION] = [0, 1, 2, 4, 6, 8, 9];

/** What a stream says, made as it is its turn: blocks are encoded in the order in which they are sent. */
type Frames = (() => Buffer)[];

export function frameOf(type: number, flags: number, id: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(id, 5);
  return Buffer.concat([header, payload]);
}

/** Makes what one side of a connection may say, as a list of frames, and breaks it. */
export class FrameMaker {
  readonly #rng: Rng;
  #encoder = new HpackEncoder();
  readonly #out = new Gather();

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** A well-formed client: some requests, their frames interleaved. */
  requests(): Buffer[] {
    this.#encoder = new HpackEncoder();
    const count = 1 + this.#rng.below(6);
    const streams = Array.from({ length: count }, (_, index) => this.#request(2 * index + 1));
    return [frameOf(SETTINGS, 0, 0, Buffer.alloc(0)), ...this.#interleave(streams)];
  }

  /** A well-formed server, that answers `count` requests. */
  replies(count: number): Buffer[] {
    this.#encoder = new HpackEncoder();
    const streams = Array.from({ length: count }, (_, index) => this.#reply(2 * index + 1));
    return [frameOf(SETTINGS, 0, 0, Buffer.alloc(0)), ...this.#interleave(streams)];
  }

  /** Some of the frames damaged, dropped, doubled, moved, or others put between. */
  mutate(frames: readonly Buffer[]): Buffer[] {
    const mutated: Buffer[] = frames.map((frame) => Buffer.from(frame));
    for (let times = 1 + this.#rng.below(4); times > 0; times--) {
      const at = this.#rng.below(mutated.length);
      const frame = mutated[at] ?? Buffer.alloc(0);
      switch (this.#rng.below(6)) {
        case 0:
          if (frame.length > 0) frame[this.#rng.below(frame.length)]! ^= 1 << this.#rng.below(8);
          break;
        case 1:
          mutated.splice(at, 1);
          break;
        case 2:
          mutated.splice(at, 0, frame);
          break;
        case 3:
          mutated[at] = frame.subarray(0, this.#rng.below(frame.length + 1));
          break;
        default:
          mutated.splice(at, 0, this.#any());
      }
    }
    return mutated;
  }

  cuts(length: number): number[] {
    const cuts = Array.from({ length: this.#rng.below(12) }, () => this.#rng.below(length + 1));
    return cuts.sort((a, b) => a - b);
  }

  #request(id: number): Frames {
    const pairs: [string, string][] = [
      [":method", this.#rng.below(3) === 0 ? "GET" : "POST"],
      [":scheme", "http"],
      [":path", `/${this.#rng.below(3)}`],
      [":authority", "kvs"],
      [`x-${this.#rng.below(4)}`, "v".repeat(this.#rng.below(30))],
    ];
    return this.#message(id, pairs);
  }

  #reply(id: number): Frames {
    const hasInterim = this.#rng.below(5) === 0;
    const interim = hasInterim ? [() => this.#block(id, [[":status", "103"]], false)] : [];
    return [
      ...interim,
      ...this.#message(id, [[":status", this.#rng.below(4) === 0 ? "404" : "200"]]),
    ];
  }

  #message(id: number, pairs: [string, string][]): Frames {
    const pieces = Array.from({ length: this.#rng.below(4) }, () => this.#rng.below(300));
    const total = pieces.reduce((sum, piece) => sum + piece, 0);
    if (this.#rng.below(2) === 0) pairs.push(["content-length", String(total)]);
    const hasTrailers = this.#rng.below(4) === 0;
    const isBare = pieces.length === 0 && !hasTrailers;
    const frames = [() => this.#block(id, pairs, isBare)];
    pieces.forEach((piece, index) => {
      frames.push(() => this.#data(id, piece, !hasTrailers && index === pieces.length - 1));
    });
    if (hasTrailers) frames.push(() => this.#block(id, [["x-sum", String(total)]], true));
    return frames;
  }

  /** HEADERS, whole or followed by its CONTINUATION, as one piece: nothing may come between. */
  #block(id: number, pairs: readonly (readonly [string, string])[], isEnd: boolean): Buffer {
    const out = this.#out;
    out.length = 0;
    this.#encoder.begin(out);
    for (const [name, value] of pairs) this.#encoder.field(out, new HpackField(name, value));
    const block = Buffer.from(out.bytes.subarray(0, out.length));
    const end = isEnd ? 1 : 0;
    if (this.#rng.below(3) > 0) return frameOf(HEADERS, 4 | end, id, block);
    const cut = this.#rng.below(block.length + 1);
    const first = frameOf(HEADERS, end, id, block.subarray(0, cut));
    return Buffer.concat([first, frameOf(CONTINUATION, 4, id, block.subarray(cut))]);
  }

  #data(id: number, count: number, isEnd: boolean): Buffer {
    const body = Buffer.alloc(count, 97 + (id % 26));
    const end = isEnd ? 1 : 0;
    if (this.#rng.below(4) > 0) return frameOf(DATA, end, id, body);
    const padding = this.#rng.below(20);
    const padded = Buffer.concat([Buffer.from([padding]), body, Buffer.alloc(padding)]);
    return frameOf(DATA, 8 | end, id, padded);
  }

  /** Streams begin in the order of their numbers (RFC 9113 §5.1.1) and go on as chance will have it. */
  #interleave(streams: readonly Frames[]): Buffer[] {
    const frames: Buffer[] = [];
    let begun = 0;
    for (;;) {
      const going = streams.slice(0, begun).filter((stream) => stream.length > 0);
      if (begun === streams.length && going.length === 0) return frames;
      if (this.#rng.below(8) === 0) frames.push(this.#harmless(streams.length));
      const isNext = begun < streams.length && (going.length === 0 || this.#rng.below(2) === 0);
      const stream = isNext ? streams[begun++]! : going[this.#rng.below(going.length)]!;
      frames.push(stream.shift()!());
    }
  }

  #harmless(streams: number): Buffer {
    switch (this.#rng.below(4)) {
      case 0:
        return frameOf(PING, 0, 0, Buffer.alloc(8));
      case 1:
        return frameOf(WINDOW, 0, 0, Buffer.from([0, 0, 1, 0]));
      case 2:
        return frameOf(PRIORITY, 0, 2 * streams + 3, Buffer.from([0, 0, 0, 0, 9]));
      default:
        return frameOf(SETTINGS, 0, 0, Buffer.from([0, 4, 0, 1, 0, 0]));
    }
  }

  #any(): Buffer {
    const type = this.#rng.below(12);
    const sizes = [0, 1, 4, 5, 6, 8, 9, 18, 200];
    const payload = Buffer.alloc(sizes[this.#rng.below(sizes.length)]!);
    for (let at = 0; at < payload.length; at++) {
      payload[at] = this.#rng.below(3) === 0 ? this.#rng.below(256) : 0;
    }
    return frameOf(type, this.#rng.below(64), this.#rng.below(14), payload);
  }
}
