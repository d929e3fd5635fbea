import { createServer, type Socket } from "node:net";
import { listen } from "../../support/ports.ts";
import {
  encodeFields,
  encodeFrame,
  type Frame,
  FrameReader,
  flags,
  frameTypes,
} from "../rig/h2-frames.ts";
import type { Rig } from "../rig/rig.ts";

/** What the server of grpc's negative HTTP/2 cases does to a call (grpc/grpc, negative-http2-interop-test-descriptions). */
export type BadCase =
  | "goaway"
  | "rst_after_header"
  | "rst_during_data"
  | "rst_after_data"
  | "ping"
  | "max_streams";

/** A gRPC server on bare frames, so that it can do what no library would. It answers each UnaryCall with `replyBytes` zeros. */
export class BadServer {
  readonly port: number;
  readonly #connections: BadConnection[];

  private constructor(port: number, connections: BadConnection[]) {
    this.port = port;
    this.#connections = connections;
  }

  static async start(rig: Rig, badCase: BadCase): Promise<BadServer> {
    const connections: BadConnection[] = [];
    const server = createServer((socket) => {
      connections.push(new BadConnection(socket, badCase));
    });
    const port = await listen(server);
    rig.onClose(() => {
      for (const { socket } of connections) socket.destroy();
      server.close();
    });
    return new BadServer(port, connections);
  }

  /** What the server itself has to object to its client, or null. */
  objection(badCase: BadCase): string | null {
    const used = this.#connections.filter(({ calls }) => calls > 0);
    if (used.length === 0) return "no call has come";
    for (const connection of used) {
      if (badCase === "ping" && connection.pingsSent === 0) return "no ping was sent";
      if (connection.pingsOpen !== 0) return `${connection.pingsOpen} pings have no answer`;
      if (badCase === "goaway" && connection.calls > 1)
        return `${connection.calls} calls on a connection that said GOAWAY after the first`;
      if (connection.streamsBeyond > 0)
        return `${connection.streamsBeyond} streams beyond the one that is allowed`;
    }
    return null;
  }
}

const replyBytes = 314_159;
const frameBytesMax = 16_384;

interface Waiting {
  readonly stream: number;
  left: Buffer;
  readonly then: () => void;
}

class BadConnection {
  readonly socket: Socket;
  calls = 0;
  pingsSent = 0;
  pingsOpen = 0;
  streamsBeyond = 0;
  readonly #case: BadCase;
  readonly #frames = new FrameReader((frame) => this.#onFrame(frame), true);
  #isLimited = false;
  readonly #open = new Set<number>();
  #window = 65_535;
  #initialWindow = 65_535;
  readonly #windows = new Map<number, number>();
  #waiting: Waiting[] = [];

  constructor(socket: Socket, badCase: BadCase) {
    this.socket = socket;
    this.#case = badCase;
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => this.#frames.read(bytes));
    // Windows beyond any request of these cases: INITIAL_WINDOW_SIZE and one WINDOW_UPDATE.
    this.#send(frameTypes.settings, 0, 0, Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]));
    this.#send(frameTypes.windowUpdate, 0, 0, Buffer.from([0x7f, 0, 0, 0]));
  }

  #send(type: number, flag: number, stream: number, payload: Buffer): void {
    this.socket.write(encodeFrame(type, flag, stream, payload));
  }

  #onFrame({ type, flags: set, stream, payload }: Frame): void {
    const isLast = (set & flags.endStream) !== 0;
    if (type === frameTypes.headers) {
      this.#open.add(stream);
      this.#windows.set(stream, this.#initialWindow);
      if (this.#isLimited && this.#open.size > 1) this.streamsBeyond++;
      if (isLast) this.#answer(stream);
    } else if (type === frameTypes.data) {
      if (isLast) this.#answer(stream);
    } else if (type === frameTypes.settings) {
      if ((set & flags.ack) !== 0) this.#onSettingsAck();
      else this.#onSettings(payload);
    } else if (type === frameTypes.ping) {
      if ((set & flags.ack) !== 0) this.pingsOpen--;
      else this.#send(frameTypes.ping, flags.ack, 0, payload);
    } else if (type === frameTypes.windowUpdate) {
      const by = payload.readUInt32BE(0);
      if (stream === 0) this.#window += by;
      else this.#windows.set(stream, (this.#windows.get(stream) ?? 0) + by);
      this.#flush();
    } else if (type === frameTypes.rst) {
      this.#open.delete(stream);
      this.#waiting = this.#waiting.filter((one) => one.stream !== stream);
    }
  }

  /** Settings are acknowledged in order: the first is that of the start, the second the limit. */
  #settingsAcks = 0;
  #onSettingsAck(): void {
    this.#settingsAcks++;
    if (this.#case === "max_streams" && this.#settingsAcks === 2) this.#isLimited = true;
  }

  #onSettings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== 4) continue;
      const size = payload.readUInt32BE(at + 2);
      for (const [stream, window] of this.#windows)
        this.#windows.set(stream, window + size - this.#initialWindow);
      this.#initialWindow = size;
    }
    this.#send(frameTypes.settings, flags.ack, 0, Buffer.alloc(0));
    this.#flush();
  }

  #answer(stream: number): void {
    this.calls++;
    const message = unaryReply(replyBytes);
    const reset = () => this.#send(frameTypes.rst, 0, stream, Buffer.alloc(4));
    const head = () =>
      this.#send(
        frameTypes.headers,
        flags.endHeaders,
        stream,
        encodeFields([
          [":status", "200"],
          ["content-type", "application/grpc"],
        ]),
      );
    switch (this.#case) {
      case "rst_after_header":
        head();
        reset();
        this.#open.delete(stream);
        return;
      case "rst_during_data":
        head();
        this.#sendData(stream, message.subarray(0, message.length / 2), () => {
          reset();
          this.#open.delete(stream);
        });
        return;
      case "rst_after_data":
        head();
        this.#sendData(stream, message, () => {
          reset();
          this.#open.delete(stream);
        });
        return;
      case "goaway":
        this.#goAway(stream);
        break;
      case "max_streams": // MAX_CONCURRENT_STREAMS 1, once the first call is here
        if (this.calls === 1)
          this.#send(frameTypes.settings, 0, 0, Buffer.from([0, 3, 0, 0, 0, 1]));
        break;
      case "ping":
        this.#ping();
        break;
    }
    head();
    if (this.#case === "ping") this.#ping();
    this.#sendData(stream, message, () => {
      if (this.#case === "ping") this.#ping();
      const trailers = encodeFields([["grpc-status", "0"]]);
      this.#send(frameTypes.headers, flags.endHeaders | flags.endStream, stream, trailers);
      this.#open.delete(stream);
    });
  }

  #goAway(last: number): void {
    const payload = Buffer.alloc(8);
    payload.writeUInt32BE(last, 0);
    this.#send(frameTypes.goaway, 0, 0, payload);
  }

  #ping(): void {
    this.pingsSent++;
    this.pingsOpen++;
    this.#send(frameTypes.ping, 0, 0, Buffer.from("heddle..", "latin1"));
  }

  #sendData(stream: number, bytes: Buffer, then: () => void): void {
    this.#waiting.push({ stream, left: bytes, then });
    this.#flush();
  }

  /** Sends of all that waits what the windows of the client allow. */
  #flush(): void {
    for (const one of [...this.#waiting]) {
      for (;;) {
        const window = this.#windows.get(one.stream) ?? 0;
        const size = Math.min(this.#window, window, one.left.length, frameBytesMax);
        if (size <= 0) break;
        this.#send(frameTypes.data, 0, one.stream, one.left.subarray(0, size));
        one.left = one.left.subarray(size);
        this.#window -= size;
        this.#windows.set(one.stream, window - size);
      }
      if (one.left.length > 0) continue;
      this.#waiting = this.#waiting.filter((other) => other !== one);
      one.then();
    }
  }
}

/** A message of gRPC: SimpleResponse { payload: { body: zeros } }. */
function unaryReply(bytes: number): Buffer {
  const body = Buffer.concat([Buffer.from([0x12, ...varint(bytes)]), Buffer.alloc(bytes)]);
  const message = Buffer.concat([Buffer.from([0x0a, ...varint(body.length)]), body]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) return [...bytes, left];
    bytes.push((left & 0x7f) | 0x80);
  }
}
