import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { Rng } from "@heddle/mesh/base/rng.ts";
import type { Address } from "@heddle/mesh/model/address.ts";
import type { Fields, RequestHead } from "@heddle/mesh/model/head.ts";
import type { RequestHandler, RequestSink, ServerStream } from "@heddle/mesh/net/codec.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { Http1Server } from "@heddle/mesh/net/http1/server.ts";
import { PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import type { SimulatedProcess } from "@heddle/mesh/net/simulated/process.ts";
import type { Oracle } from "./oracle.ts";
import { patternBytes } from "./pattern.ts";
import { ProcessClock } from "./process-clock.ts";

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
  readonly at: Address;
  readonly oracle: Oracle;
}

/** A key-value process of the application: one life of it, its memory gone with it. */
export class KvsApp implements RequestHandler {
  readonly name: string;
  readonly clock: ProcessClock;
  readonly rng: Rng;
  readonly oracle: Oracle;
  readonly values = new Map<number, Value>();

  constructor({ name, process, clock, rng, at, oracle }: KvsAppOptions) {
    this.name = name;
    this.clock = new ProcessClock(clock, process);
    this.rng = rng;
    this.oracle = oracle;
    const context = new Http1Context({ clock: this.clock });
    void process.transport.listen(
      { at, tls: null },
      (connection) => new Http1Server(context, connection, this),
    );
  }

  onRequest(stream: ServerStream, head: RequestHead): RequestSink {
    return new KvsExchange(this, stream, head);
  }

  onBadRequest(_connection: unknown, reason: string, detail: string): void {
    this.oracle.violate(`${this.name} was sent a malformed request: ${reason}, ${detail}`);
  }

  onConnectionClose(): void {}
}

class KvsExchange implements RequestSink {
  readonly #app: KvsApp;
  readonly #stream: ServerStream;
  readonly #head: RequestHead;
  readonly #id: number;
  readonly #key: number;
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
    app.oracle.delivered(this.#id, head.method, this.#key, app.name);
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

  onRequestEnd(_trailers: Fields | null): void {
    const { clock, rng } = this.#app;
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
      rng.below(2) === 0 ? value.bytes : "chunked",
    );
    this.#send();
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
    this.#stream.sendEnd(null);
  }
}
