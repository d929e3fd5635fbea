import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { Gather } from "@heddle/mesh/net/gather.ts";
import { Http1Client } from "@heddle/mesh/net/http1/client.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { Http1Server } from "@heddle/mesh/net/http1/server.ts";
import { Http2Client } from "@heddle/mesh/net/http2/client.ts";
import { Http2Context } from "@heddle/mesh/net/http2/context.ts";
import { HpackDecoder } from "@heddle/mesh/net/http2/hpack/decoder.ts";
import type { HpackField } from "@heddle/mesh/net/http2/hpack/field.ts";
import { defaultHpackLimits } from "@heddle/mesh/net/http2/hpack/limits.ts";
import { defaultHttp2Limits, type Http2Limits } from "@heddle/mesh/net/http2/limits.ts";
import { Http2Server } from "@heddle/mesh/net/http2/server.ts";
import type { LimitName } from "@heddle/mesh/net/limit.ts";
import {
  encodeFields,
  encodeFrame,
  type Frame,
  FrameReader,
  flags,
  frameTypes,
  preface,
} from "../../../../test/conformance/rig/h2-frames.ts";
import { ScriptedConnection } from "../http1/scripted-connection.ts";
import { TinyRelay } from "../support/tiny-relay.ts";

type Field = readonly [name: string, value: string];

export const get: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "kvs"],
  [":path", "/7"],
];
export const post: readonly Field[] = [[":method", "POST"], ...get.slice(1)];

/** The far end of a codec's HTTP/2 connection: bare frames, so that it may say what it likes. */
export class FramePeer {
  readonly connection = new ScriptedConnection();
  readonly #decoder = new HpackDecoder(defaultHpackLimits);
  readonly #frames: Frame[] = [];
  #readChars = 0;
  readonly #reader: FrameReader;

  constructor(isServer: boolean) {
    this.#reader = new FrameReader((frame) => this.#frames.push(frame), isServer);
  }

  /** All frames that the codec has sent. */
  get frames(): readonly Frame[] {
    const { output } = this.connection;
    this.#reader.read(Buffer.from(output.slice(this.#readChars), "latin1"));
    this.#readChars = output.length;
    return this.#frames;
  }

  /** Frames of a type on a stream. */
  of(type: number, stream?: number): readonly Frame[] {
    return this.frames.filter(
      (frame) => frame.type === type && (stream === undefined || frame.stream === stream),
    );
  }

  /** Field sections of all HEADERS so far, decoded in order: `name: value` lines. To be asked once. */
  sections(): readonly (readonly string[])[] {
    return this.of(frameTypes.headers).map(({ payload }) => {
      const fields: HpackField[] = [];
      const fault = this.#decoder.decode(payload, 0, payload.length, fields);
      if (fault !== null) throw new Error(fault.detail);
      return fields.map(({ name, value }) => `${name}: ${value}`);
    });
  }

  /** The error code of the RST_STREAM of a stream, or null. */
  resetOf(stream: number): number | null {
    const [reset] = this.of(frameTypes.rst, stream);
    return reset === undefined ? null : reset.payload.readUInt32BE(0);
  }

  /** The error code of the last GOAWAY, or null. */
  goawayCode(): number | null {
    const last = this.of(frameTypes.goaway).at(-1);
    return last === undefined ? null : last.payload.readUInt32BE(4);
  }

  /** The body that the codec has sent on a stream. */
  bodyOf(stream: number): string {
    return this.of(frameTypes.data, stream)
      .map(({ payload }) => payload.toString("latin1"))
      .join("");
  }

  send(type: number, flag: number, stream: number, payload: Buffer | string): void {
    const bytes = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
    this.connection.deliver(encodeFrame(type, flag, stream, bytes).toString("latin1"));
  }

  headers(stream: number, fields: readonly Field[], isEnd = true): void {
    const flag = flags.endHeaders | (isEnd ? flags.endStream : 0);
    this.send(frameTypes.headers, flag, stream, encodeFields(fields));
  }

  data(stream: number, text: string, isEnd = true): void {
    this.send(frameTypes.data, isEnd ? flags.endStream : 0, stream, text);
  }

  /** What a client, or a server, says first. */
  greet(isClient: boolean): void {
    if (isClient) this.connection.deliver(preface);
    this.send(frameTypes.settings, 0, 0, "");
    this.send(frameTypes.settings, flags.ack, 0, "");
  }
}

const owner = { onOpen() {}, onExchangeEnd() {}, onCapacity() {}, onClose() {} };

/** A server codec and a client codec, each of one version of HTTP, and the smallest relay between them. */
export function openPair(options: {
  readonly down: "http1" | "h2";
  readonly up: "http1" | "h2";
  readonly limits?: Partial<Http2Limits>;
  readonly dropFields?: readonly string[];
}) {
  const clock = new VirtualClock();
  const gather = new Gather(1);
  const limits: LimitName[] = [];
  const context1 = new Http1Context({ clock, gather });
  const limits2: Http2Limits = { ...defaultHttp2Limits, ...options.limits };
  const onLimit = (limit: LimitName) => void limits.push(limit);
  const context2 = new Http2Context({ clock, gather, limits: limits2, onLimit });
  // The relay has this connection alone, and no other to go to when many were given up.
  const noEnd: Http2Limits = { ...limits2, resetsMax: 1e6 };
  const server = new FramePeer(true);
  const client1 = new Http1Client(context1, owner);
  const client2 = new Http2Client(new Http2Context({ clock, gather, limits: noEnd }), owner);
  const client = options.up === "http1" ? client1 : client2;
  client.attach(server.connection);
  server.connection.events = client;
  client.onOpen();
  if (options.up === "h2") server.greet(false);
  const relay = new TinyRelay(client);
  const caller = new FramePeer(false);
  const { dropFields = [] } = options;
  const codec =
    options.down === "http1"
      ? new Http1Server(context1, caller.connection, relay, { dropFields })
      : new Http2Server(context2, caller.connection, relay, { dropFields });
  caller.connection.events = codec;
  if (options.down === "h2") caller.greet(true);
  return { clock, relay, limits, codec, client, caller, server };
}
