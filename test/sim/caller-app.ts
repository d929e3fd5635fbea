import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { Rng } from "@heddle/mesh/base/rng.ts";
import type { Address } from "@heddle/mesh/model/address.ts";
import type { Fields, ReplyHead } from "@heddle/mesh/model/head.ts";
import type { ClientStream, ReplyFailure, ReplySink } from "@heddle/mesh/net/codec.ts";
import { PlainFields, PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import type { SimulatedProcess } from "@heddle/mesh/net/simulated/process.ts";
import type { ClientCodec } from "@heddle/mesh/upstream/session.ts";
import { CallerLines, type LineUser } from "./caller-lines.ts";
import { CallerTalk } from "./caller-talk.ts";
import type { KeptSession } from "./kept-session.ts";
import { type Ending, entryPorts, type Operation } from "./operation.ts";
import type { Oracle } from "./oracle.ts";
import { patternBytes } from "./pattern.ts";
import { ProcessClock } from "./process-clock.ts";
import { sessionField } from "./shop.ts";
import type { TalkPlan, Talks } from "./talks.ts";

export interface CallerAppOptions {
  readonly process: SimulatedProcess;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly oracle: Oracle;
  readonly talks: Talks;
  readonly kept: KeptSession;
  /** Where its proxy listens: for `<service>:<port>`, or `forward`. */
  readonly addressOf: (place: string) => Address;
}

/** A process that asks services: it talks to the listeners of its own proxy and knows nothing of the mesh. */
export class CallerApp {
  readonly clock: ProcessClock;
  readonly rng: Rng;
  readonly oracle: Oracle;
  readonly talks: Talks;
  readonly kept: KeptSession;
  readonly process: SimulatedProcess;
  readonly addressOf: (place: string) => Address;
  readonly lines: CallerLines;

  constructor({ process, clock, rng, oracle, talks, kept, addressOf }: CallerAppOptions) {
    this.process = process;
    this.clock = new ProcessClock(clock, process);
    this.rng = rng;
    this.oracle = oracle;
    this.talks = talks;
    this.kept = kept;
    this.addressOf = addressOf;
    this.lines = new CallerLines(process.transport, this.clock);
  }

  /** Does it, on an idle connection or a new one. `owner` as for `Oracle.begin`. */
  run(operation: Operation, owner: string | null): void {
    this.oracle.begin(operation, owner);
    const at = this.addressOf(`default/${operation.service}:${entryPorts[operation.entry]}`);
    this.lines.use(at, operation.version, new Call(this, operation));
  }

  talk(plan: TalkPlan): void {
    this.talks.begin(plan);
    new CallerTalk(this, plan).begin();
  }
}

/** One operation on its way. */
class Call implements ReplySink, LineUser {
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
  /** gRPC's, from the head; what trailers say comes later. */
  #grpcStatus: string | null = null;
  #hasTail = false;
  #isOver = false;
  #timer: Timer | null = null;
  /** Does it belong to the caller's session, and which was that? */
  readonly #isKept: boolean;
  readonly #session: KeptSession["session"];
  #token: string | null = null;

  constructor(app: CallerApp, operation: Operation) {
    this.#app = app;
    this.#operation = operation;
    this.#isKept = operation.service === "shop" && operation.target.startsWith("/kept/");
    this.#session = this.#isKept ? app.kept.session : null;
  }

  start(codec: ClientCodec): void {
    if (this.#isOver) return;
    const { id, service, method, target, bytes, isChunked, isGrpc, isNamed, abortAfterMs } =
      this.#operation;
    const head = new PlainRequestHead({ method, path: target, authority: service }, [
      ["x-op", String(id)],
    ]);
    if (isNamed) head.add("idempotency-key", `op ${id}`);
    if (this.#session !== null) head.add(sessionField, this.#session.token);
    if (isChunked) head.add("te", "trailers");
    if (isGrpc) head.add("content-type", "application/grpc");
    this.#stream = codec.start(this);
    this.#stream.sendHead(head, method === "GET" ? 0 : isChunked ? "chunked" : bytes);
    if (abortAfterMs !== null) {
      this.#timer = this.#app.clock.after(abortAfterMs, () => this.#abort());
    }
    this.#send();
  }

  lost(detail: string): void {
    this.end({ kind: "broken", detail });
  }

  onInterim(): void {}

  onReplyHead(head: ReplyHead): void {
    this.#status = head.status;
    this.#reason = head.get("x-heddle-reason");
    this.#servedBy = head.get("x-served-by");
    this.#message = Number(head.get("x-message") ?? -1);
    this.#expected = Number(head.get("x-bytes") ?? -1);
    this.#grpcStatus = head.get("grpc-status");
    this.#token = head.get(sessionField);
    this.#hasTail = head.get("x-has-tail") !== null && this.#message >= 0;
  }

  onReplyBody(bytes: Buffer, start: number, end: number): void {
    if (this.#message >= 0) {
      const place = { process: "the caller", offset: this.#received };
      this.#app.oracle.octets(this.#message, place, bytes, start, end);
    }
    this.#received += end - start;
    if (this.#operation.isSlow) this.#rest();
  }

  onReplyEnd(trailers: Fields | null): void {
    const { id, isGrpc } = this.#operation;
    if (isGrpc) {
      this.#grpcStatus = trailers?.get("grpc-status") ?? this.#grpcStatus;
      if (this.#grpcStatus === null) this.#app.oracle.violate(`op ${id}: no status of gRPC`);
      else if (this.#grpcStatus !== "0") this.#reason ??= `grpc ${this.#grpcStatus}`;
    }
    // A call of gRPC that failed says so, and nobody takes it for whole.
    if (this.#reason === null) this.#expectWhole(trailers?.get("x-tail") ?? null);
    if (this.#isKept && this.#reason === null && this.#servedBy !== null) {
      this.#app.kept.answered(id, this.#session, this.#token, this.#servedBy);
    }
    this.end({
      kind: "answered",
      status: this.#status,
      reason: this.#reason,
      servedBy: this.#servedBy,
    });
  }

  #expectWhole(tail: string | null): void {
    const { id } = this.#operation;
    if (this.#hasTail) this.#app.oracle.tail(id, String(this.#message), tail);
    if (this.#expected < 0 || this.#expected === this.#received) return;
    this.#app.oracle.violate(`op ${id}: ${this.#received} octets of ${this.#expected} as a whole`);
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
    if (this.#stream === null || this.#sent < 0) return;
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
    const { id, isChunked, method } = this.#operation;
    const hasTail = isChunked && method !== "GET";
    this.#stream!.sendEnd(hasTail ? new PlainFields([["x-tail", String(id)]]) : null);
  }

  /** Others on the same connection go on meanwhile. */
  #rest(): void {
    this.#stream!.pauseReply();
    this.#app.clock.after(40, () => {
      if (!this.#isOver) this.#stream!.resumeReply();
    });
  }

  #abort(): void {
    if (this.#isOver) return;
    this.end({ kind: "aborted" });
    this.#stream?.abort();
  }
}
