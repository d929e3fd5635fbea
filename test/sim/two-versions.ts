import type { HttpProtocol } from "@heddle/mesh/model/protocol.ts";
import type { RequestHandler } from "@heddle/mesh/net/codec.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { Http1Server } from "@heddle/mesh/net/http1/server.ts";
import { Http2Context } from "@heddle/mesh/net/http2/context.ts";
import { defaultHttp2Limits, type Http2Limits } from "@heddle/mesh/net/http2/limits.ts";
import { Http2Server } from "@heddle/mesh/net/http2/server.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "@heddle/mesh/net/transport.ts";
import type { ProcessClock } from "./process-clock.ts";

const maxConcurrentStreams = 3;
const initialWindow = 4;
/** Streams at a time, where a process takes few. */
const few = 2;

type Server = Http1Server | Http2Server;

/** The HTTP side of a process that speaks either version by prior knowledge, and what befalls its HTTP/2 connections. */
export class TwoVersions {
  readonly #http1: Http1Context;
  readonly #http2: Http2Context;
  readonly #limits: { -readonly [Name in keyof Http2Limits]: Http2Limits[Name] };
  readonly #live = new Map<Connection, { server: Server; lastOrdinal: number; isGone: boolean }>();

  constructor(clock: ProcessClock) {
    this.#limits = { ...defaultHttp2Limits };
    this.#http1 = new Http1Context({ clock });
    this.#http2 = new Http2Context({ clock, limits: this.#limits });
  }

  /** Live connections. */
  get size(): number {
    return this.#live.size;
  }

  serve(connection: Connection, handler: RequestHandler): ConnectionEvents {
    return new FirstOctets((version) => {
      const server =
        version === "h2"
          ? new Http2Server(this.#http2, connection, handler)
          : new Http1Server(this.#http1, connection, handler);
      this.#live.set(connection, { server, lastOrdinal: 0, isGone: false });
      return server;
    });
  }

  /** False: the connection has said GOAWAY, and this exchange is not to be looked at. */
  takes(connection: Connection, ordinal: number): boolean {
    const live = this.#live.get(connection);
    if (live === undefined || live.isGone) return false;
    live.lastOrdinal = Math.max(live.lastOrdinal, ordinal);
    return true;
  }

  closed(connection: Connection): void {
    this.#live.delete(connection);
  }

  /** Every HTTP/2 connection ends with what has arrived by now, without a warning (RFC 9113 §6.8). */
  goaway(): void {
    for (const [connection, live] of this.#live) {
      if (!(live.server instanceof Http2Server) || live.isGone || live.lastOrdinal === 0) continue;
      live.isGone = true;
      const payload = Buffer.alloc(8);
      payload.writeUInt32BE(2 * live.lastOrdinal - 1);
      write(connection, 7, payload);
    }
  }

  /** Takes two streams at a time and gives little window, or as much as ever again; peers hear of it when they hear of it. */
  tighten(isTight: boolean): void {
    const { streamsMax, streamWindowBytes } = defaultHttp2Limits;
    this.#limits.streamsMax = isTight ? few : streamsMax;
    const payload = Buffer.alloc(12);
    payload.writeUInt16BE(maxConcurrentStreams);
    payload.writeUInt32BE(this.#limits.streamsMax, 2);
    payload.writeUInt16BE(initialWindow, 6);
    payload.writeUInt32BE(isTight ? 10 : streamWindowBytes, 8);
    for (const [connection, { server, lastOrdinal }] of this.#live) {
      // Before the first stream our own SETTINGS may not have left yet.
      if (server instanceof Http2Server && lastOrdinal > 0) write(connection, 4, payload);
    }
  }
}

/** A frame of a connection. */
function write(connection: Connection, type: number, payload: Buffer): void {
  const frame = Buffer.alloc(9 + payload.length);
  frame[2] = payload.length;
  frame[3] = type;
  payload.copy(frame, 9);
  connection.write(frame, 0, frame.length);
}

/** Until it is known which version a client speaks: three octets tell `PRI` from every method that is asked here. */
class FirstOctets implements ConnectionEvents {
  readonly #open: (version: HttpProtocol) => Server;
  #first = Buffer.alloc(0);
  #server: Server | null = null;

  constructor(open: (version: HttpProtocol) => Server) {
    this.#open = open;
  }

  onOpen(): void {}

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#server !== null) {
      this.#server.onBytes(bytes, start, end);
      return;
    }
    this.#first = Buffer.concat([this.#first, bytes.subarray(start, end)]);
    if (this.#first.length < 3) return;
    this.#server = this.#open(this.#first.toString("latin1", 0, 3) === "PRI" ? "h2" : "http/1.1");
    this.#server.onBytes(this.#first, 0, this.#first.length);
  }

  onEnd(): void {
    this.#server ??= this.#open("http/1.1");
    this.#server.onEnd();
  }

  onDrain(): void {
    this.#server?.onDrain();
  }

  onClose(failure: TransportFailure | null): void {
    this.#server?.onClose(failure);
  }
}
