import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { Address } from "@heddle/mesh/model/address.ts";
import type { Fields, ReplyHead } from "@heddle/mesh/model/head.ts";
import type { ClientStream, ReplyFailure, ReplySink } from "@heddle/mesh/net/codec.ts";
import { Http1Client, type Http1ClientOwner } from "@heddle/mesh/net/http1/client.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import type { SimulatedProcess } from "@heddle/mesh/net/simulated/process.ts";
import type { TransportFailure } from "@heddle/mesh/net/transport.ts";
import type { Ending, Operation } from "./operation.ts";
import type { Oracle } from "./oracle.ts";
import { patternBytes } from "./pattern.ts";
import { ProcessClock } from "./process-clock.ts";

/** A process that asks a service: it talks to the listener of its own proxy and knows nothing of the mesh. */
export class CallerApp implements Http1ClientOwner {
  readonly clock: ProcessClock;
  readonly oracle: Oracle;
  readonly #process: SimulatedProcess;
  readonly #context: Http1Context;
  readonly #address: Address;
  /** Connections, and the operation that waits for one or uses it. */
  readonly #calls = new Map<Http1Client, Call | null>();

  constructor(options: {
    readonly process: SimulatedProcess;
    readonly clock: Clock;
    readonly oracle: Oracle;
    /** Where its proxy listens for the service. */
    readonly address: Address;
  }) {
    this.#process = options.process;
    this.clock = new ProcessClock(options.clock, options.process);
    this.oracle = options.oracle;
    this.#address = options.address;
    this.#context = new Http1Context({ clock: this.clock, via: null });
  }

  /** Does it, on an idle connection or a new one. `owner` as for `Oracle.begin`. */
  run(operation: Operation, owner: string | null): void {
    this.oracle.begin(operation, owner);
    const call = new Call(this, operation);
    for (const [client, busy] of this.#calls) {
      if (busy !== null || client.capacity === 0) continue;
      this.#calls.set(client, call);
      call.start(client);
      return;
    }
    const client = new Http1Client(this.#context, this);
    this.#calls.set(client, call);
    client.attach(this.#process.transport.dial({ address: this.#address, tls: null }, client));
  }

  onOpen(client: Http1Client): void {
    this.#calls.get(client)?.start(client);
  }

  onExchangeEnd(client: Http1Client): void {
    if (this.#calls.has(client)) this.#calls.set(client, null);
  }

  onClose(client: Http1Client, failure: TransportFailure | null): void {
    const call = this.#calls.get(client);
    this.#calls.delete(client);
    call?.end({ kind: "broken", detail: failure?.kind ?? "closed" });
  }
}

/** One operation on its way. */
class Call implements ReplySink {
  readonly #app: CallerApp;
  readonly #operation: Operation;
  #stream: ClientStream | null = null;
  #sent = 0;
  #status = 0;
  #reason: string | null = null;
  #servedBy: string | null = null;
  #message = -1;
  #expected = -1;
  #received = 0;
  #isOver = false;
  #timer: Timer | null = null;

  constructor(app: CallerApp, operation: Operation) {
    this.#app = app;
    this.#operation = operation;
  }

  start(client: Http1Client): void {
    if (this.#isOver) return;
    const { id, method, target, bytes, isChunked, abortAfterMs } = this.#operation;
    const head = new PlainRequestHead({ method, path: target, authority: "kvs" }, [
      ["x-op", String(id)],
    ]);
    this.#stream = client.start(this);
    this.#stream.sendHead(head, method === "GET" ? 0 : isChunked ? "chunked" : bytes);
    if (abortAfterMs !== null) {
      this.#timer = this.#app.clock.after(abortAfterMs, () => this.#abort());
    }
    this.#send();
  }

  onInterim(): void {}

  onReplyHead(head: ReplyHead): void {
    this.#status = head.status;
    this.#reason = head.get("x-heddle-reason");
    this.#servedBy = head.get("x-served-by");
    this.#message = Number(head.get("x-message") ?? -1);
    this.#expected = Number(head.get("x-bytes") ?? -1);
  }

  onReplyBody(bytes: Buffer, start: number, end: number): void {
    if (this.#message >= 0) {
      const place = { process: "the caller", offset: this.#received };
      this.#app.oracle.octets(this.#message, place, bytes, start, end);
    }
    this.#received += end - start;
  }

  onReplyEnd(_trailers: Fields | null): void {
    const { id } = this.#operation;
    if (this.#expected >= 0 && this.#expected !== this.#received) {
      this.#app.oracle.violate(
        `op ${id}: ${this.#received} octets of ${this.#expected} as a whole`,
      );
    }
    this.end({
      kind: "answered",
      status: this.#status,
      reason: this.#reason,
      servedBy: this.#servedBy,
    });
  }

  onReplyFailed(failure: ReplyFailure): void {
    this.end({ kind: "broken", detail: failure.detail });
  }

  onWritable(): void {
    this.#send();
  }

  end(ending: Ending): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#app.oracle.end(this.#operation.id, ending);
  }

  #send(): void {
    const { id, method, bytes } = this.#operation;
    if (method === "GET" || this.#isOver) {
      if (method === "GET" && this.#sent === 0) this.#finish();
      return;
    }
    while (this.#sent < bytes) {
      const end = Math.min(bytes, this.#sent + 9000);
      const piece = patternBytes(id, this.#sent, end);
      this.#sent = end;
      if (!this.#stream!.sendBody(piece, 0, piece.length) && this.#sent < bytes) return;
    }
    this.#finish();
  }

  #finish(): void {
    if (this.#sent < 0) return;
    this.#sent = -1;
    this.#stream!.sendEnd(null);
  }

  #abort(): void {
    if (this.#isOver) return;
    this.end({ kind: "aborted" });
    this.#stream?.abort();
  }
}
