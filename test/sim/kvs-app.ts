import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { Rng } from "@heddle/mesh/base/rng.ts";
import type { Address } from "@heddle/mesh/model/address.ts";
import type { Fields, RequestHead } from "@heddle/mesh/model/head.ts";
import type {
  BodyLength,
  RequestHandler,
  RequestSink,
  ServerStream,
} from "@heddle/mesh/net/codec.ts";
import { PlainFields, PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import type { SimulatedProcess } from "@heddle/mesh/net/simulated/process.ts";
import type { Connection, ConnectionEvents } from "@heddle/mesh/net/transport.ts";
import { OctetsEnd, type OctetsEndOptions } from "./octets-end.ts";
import { OctetsConnection, serverWire } from "./octets-wires.ts";
import type { Oracle } from "./oracle.ts";
import { patternBytes } from "./pattern.ts";
import { ProcessClock } from "./process-clock.ts";
import type { Talks } from "./talks.ts";
import { TwoVersions } from "./two-versions.ts";

interface Value {
  /** The operation that put it; its pattern is the value. */
  readonly message: number;
  readonly bytes: number;
}

export interface KvsAppOptions {
  /** The workload's name: who it says it is. */
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly clock: Clock;
  readonly rng: Rng;
  /** Its ports, by name. */
  readonly ports: Readonly<Record<KvsPort, Address>>;
  readonly oracle: Oracle;
  readonly talks: Talks;
}

/**
 * `http`: either version; on `copies` come those of requests. Connections of octets: on `talk` the client speaks first, on `greet` the
 * server.
 */
export const kvsPorts = ["http", "talk", "greet", "copies"] as const;
export type KvsPort = (typeof kvsPorts)[number];

/** A key-value process of the application: one life of it, its memory gone with it. */
export class KvsApp implements RequestHandler {
  readonly name: string;
  readonly clock: ProcessClock;
  readonly rng: Rng;
  readonly oracle: Oracle;
  readonly process: SimulatedProcess;
  readonly talks: Talks;
  readonly values = new Map<number, Value>();
  readonly web: TwoVersions;
  /** Does it reset streams, for a while? Then it counts them. */
  onReset: (() => void) | null = null;
  /** Does it fail, for a while, what the shop is asked? Then it counts that. */
  onSick: (() => void) | null = null;

  constructor({ name, process, clock, rng, ports, oracle, talks }: KvsAppOptions) {
    this.name = name;
    this.process = process;
    this.clock = new ProcessClock(clock, process);
    this.rng = rng;
    this.oracle = oracle;
    this.talks = talks;
    this.web = new TwoVersions(this.clock);
    this.#listen(ports.http, (connection) => this.web.serve(connection, this));
    const copies: RequestHandler = {
      onRequest: (stream, head) => new KvsCopy(this, stream, head),
      onBadRequest: (_connection, reason, detail) => this.onBadRequest(_connection, reason, detail),
      onConnectionClose: (connection) => this.web.closed(connection),
    };
    this.#listen(ports.copies, (connection) => this.web.serve(connection, copies));
    this.#listen(ports.talk, (connection) => this.#talk(connection, false));
    this.#listen(ports.greet, (connection) => this.#talk(connection, true));
  }

  onRequest(stream: ServerStream, head: RequestHead, length: BodyLength): RequestSink {
    if (!this.web.takes(stream.connection, stream.ordinal)) return nobody;
    if (length === "tunnel") return new KvsTunnel(this, stream, head);
    if (head.path === "/health") {
      stream.sendHead(new PlainReplyHead(this.onSick === null ? 200 : 503), 0);
      stream.sendEnd(null);
      return nobody;
    }
    return new KvsExchange(this, stream, head);
  }

  onBadRequest(_connection: unknown, reason: string, detail: string): void {
    this.oracle.violate(`${this.name} was sent a malformed request: ${reason}, ${detail}`);
  }

  onConnectionClose(connection: Connection): void {
    this.web.closed(connection);
  }

  /** What it says on a connection of octets. */
  talkOptions(speaksFirst: boolean, bytes: number): Omit<OctetsEndOptions, "wire"> {
    const { process, clock, rng, talks } = this;
    const isSlow = rng.below(8) === 0;
    return { process, clock, rng, talks, number: talks.nextServer(), bytes, speaksFirst, isSlow };
  }

  #talk(connection: Connection, speaksFirst: boolean): ConnectionEvents {
    const bytes = this.rng.below(8) === 0 ? this.rng.below(150_000) : this.rng.below(2000);
    const octets = new OctetsConnection(this.talkOptions(speaksFirst, bytes));
    octets.connection = connection;
    this.clock.after(0, () => octets.talker.open());
    return octets;
  }

  #listen(at: Address, accept: (connection: Connection) => ConnectionEvents): void {
    void this.process.transport.listen({ at, tls: null }, accept);
  }
}

/** Of a request that is not looked at. */
const nobody: RequestSink = {
  onRequestBody() {},
  onRequestEnd() {},
  onRequestFailed() {},
  onWritable() {},
};

/** A tunnel that was asked for; it is granted, and the server may be the first to speak in it. */
class KvsTunnel implements RequestSink {
  readonly #end: OctetsEnd;

  constructor(app: KvsApp, stream: ServerStream, head: RequestHead) {
    const { way, first, serverBytes } = app.talks.planOf(Number(head.get("x-talk")))!;
    const protocol = way.kind === "upgrade" ? way.protocol : "";
    if (head.upgrade !== protocol) {
      app.talks.violate(`${app.name} was asked for ${head.upgrade}, meant was ${protocol}`);
    }
    const options = app.talkOptions(first === "server", serverBytes);
    this.#end = new OctetsEnd({ ...options, wire: serverWire(stream) });
    app.clock.after(app.rng.below(5), () => {
      if (this.#end.isOver) return;
      stream.sendHead(new PlainReplyHead(101, [["upgrade", protocol]]), "tunnel");
      this.#end.open();
    });
  }

  onRequestBody(bytes: Buffer, start: number, end: number): void {
    this.#end.onBytes(bytes, start, end);
  }

  onRequestEnd(): void {
    this.#end.onEnd();
  }

  onRequestFailed(reason: string): void {
    this.#end.onBroken(reason);
  }

  onWritable(): void {
    this.#end.onWritable();
  }
}

/** A copy of a request: whoever asked hears nothing of it. */
class KvsCopy implements RequestSink {
  readonly #app: KvsApp;
  readonly #stream: ServerStream;
  readonly #id: number;
  #received = 0;

  constructor(app: KvsApp, stream: ServerStream, head: RequestHead) {
    this.#app = app;
    this.#stream = stream;
    this.#id = Number(head.get("x-op"));
    app.oracle.copied(this.#id);
  }

  onRequestBody(bytes: Buffer, start: number, end: number): void {
    const place = { process: `${this.#app.name}, as a copy`, offset: this.#received };
    this.#app.oracle.octets(this.#id, place, bytes, start, end);
    this.#received += end - start;
  }

  /** Sometimes it is never answered. */
  onRequestEnd(): void {
    const { oracle, rng } = this.#app;
    oracle.copiedWhole(this.#id, this.#received);
    if (rng.below(8) === 0 && !oracle.isAtRest) return;
    this.#stream.sendHead(new PlainReplyHead(500), 0);
    this.#stream.sendEnd(null);
  }

  onRequestFailed(): void {}
  onWritable(): void {}
}

class KvsExchange implements RequestSink {
  readonly #app: KvsApp;
  readonly #stream: ServerStream;
  readonly #head: RequestHead;
  readonly #id: number;
  readonly #key: number;
  readonly #isGrpc: boolean;
  /** It fails, without being done. */
  readonly #isSick: boolean;
  #received = 0;
  /** What is left to send: a piece of a value. */
  #value: Value | null = null;
  #sent = 0;
  #isOver = false;

  constructor(app: KvsApp, stream: ServerStream, head: RequestHead) {
    this.#app = app;
    this.#stream = stream;
    this.#head = head;
    this.#id = Number(head.get("x-op"));
    this.#key = Number(/\/+0*(\d+)/.exec(head.path)?.[1] ?? -1);
    this.#isGrpc = head.get("content-type") === "application/grpc";
    app.oracle.delivered(this.#id, head.method, this.#key, app.name);
    app.oracle.spoken(this.#id, stream.protocol, app.name);
    const { authority } = head;
    this.#isSick =
      app.onSick !== null && authority?.startsWith("shop") === true && app.rng.below(4) > 0;
    if (this.#isSick) app.onSick!();
    if (app.onReset !== null && app.rng.below(3) === 0) this.#resetSoon(app.onReset);
  }

  onRequestBody(bytes: Buffer, start: number, end: number): void {
    const place = { process: this.#app.name, offset: this.#received };
    this.#app.oracle.octets(this.#id, place, bytes, start, end);
    this.#received += end - start;
    if (this.#app.rng.below(20) !== 0) return;
    this.#stream.pauseRequest();
    this.#app.clock.after(5, () => {
      if (!this.#isOver) this.#stream.resumeRequest();
    });
  }

  onRequestEnd(trailers: Fields | null): void {
    const { clock, rng, oracle } = this.#app;
    if (this.#head.get("te") !== null && this.#head.method !== "GET") {
      oracle.tail(this.#id, String(this.#id), trailers?.get("x-tail") ?? null);
    }
    const thinkMs = rng.below(10) === 0 ? rng.below(300) : rng.below(4);
    clock.after(thinkMs, () => {
      if (!this.#isOver) this.#execute();
    });
  }

  onRequestFailed(): void {
    this.#isOver = true;
  }

  onWritable(): void {
    if (!this.#isOver) this.#send();
  }

  #execute(): void {
    const { name, oracle, rng, values } = this.#app;
    const { method } = this.#head;
    oracle.executed(this.#id, this.#received, name);
    const fields: [string, string][] = [["x-served-by", name]];
    if (rng.below(25) === 0) this.#stream.closeAfter();
    if (this.#isSick) {
      this.#fail(fields);
      return;
    }
    if (this.#hasTail) fields.push(["x-has-tail", "1"]);
    if (this.#isGrpc) {
      values.set(this.#key, { message: this.#id, bytes: this.#received });
      this.#value = { message: this.#id, bytes: this.#received };
      fields.push(["x-message", String(this.#id)], ["x-bytes", String(this.#received)]);
      fields.push(["content-type", "application/grpc"]);
      this.#stream.sendHead(new PlainReplyHead(200, fields), "chunked");
      this.#send();
      return;
    }
    if (method !== "GET") {
      values.set(this.#key, { message: this.#id, bytes: this.#received });
      this.#stream.sendHead(new PlainReplyHead(201, fields), 0);
      this.#finish();
      return;
    }
    const value = values.get(this.#key) ?? { message: 0, bytes: 0 };
    fields.push(["x-message", String(value.message)], ["x-bytes", String(value.bytes)]);
    this.#value = value;
    this.#stream.sendHead(
      new PlainReplyHead(200, fields),
      this.#hasTail || rng.below(2) === 0 ? "chunked" : value.bytes,
    );
    this.#send();
  }

  /** As it speaks: a status of HTTP, or of gRPC, in a head alone. */
  #fail(fields: [string, string][]): void {
    this.#isOver = true;
    if (this.#isGrpc) fields.push(["content-type", "application/grpc"], ["grpc-status", "14"]);
    this.#stream.sendHead(new PlainReplyHead(this.#isGrpc ? 200 : 503, fields), 0);
    this.#stream.sendEnd(null);
  }

  #send(): void {
    if (this.#value === null) return;
    const { message, bytes } = this.#value;
    while (this.#sent < bytes) {
      const end = Math.min(bytes, this.#sent + 1 + this.#app.rng.below(16_384));
      const piece = patternBytes(message, this.#sent, end);
      this.#sent = end;
      if (!this.#stream.sendBody(piece, 0, piece.length) && this.#sent < bytes) return;
    }
    this.#finish();
  }

  #finish(): void {
    this.#isOver = true;
    const hasTail = this.#value !== null && this.#hasTail;
    const tail = new PlainFields(hasTail ? [["x-tail", String(this.#value!.message)]] : []);
    if (this.#isGrpc) tail.add("grpc-status", "0");
    this.#stream.sendEnd(hasTail || this.#isGrpc ? tail : null);
  }

  /** Does whoever asks take trailers? */
  get #hasTail(): boolean {
    return this.#isGrpc || this.#head.get("te") !== null;
  }

  /** Before the answer, or within it. */
  #resetSoon(onReset: () => void): void {
    this.#app.clock.after(this.#app.rng.below(6), () => {
      if (this.#isOver) return;
      this.#isOver = true;
      onReset();
      this.#stream.abort();
    });
  }
}
