import type { MirrorDoc } from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import { BodyCopy } from "../net/body-copy.ts";
import type { ServerStream } from "../net/codec.ts";
import { PlainRequestHead } from "../net/plain-head.ts";
import { ruleField } from "../policy/admission.ts";
import { deadlineField } from "../policy/deadline.ts";
import { ShareTurn } from "../policy/share-turn.ts";
import type { RelayContext } from "./context.ts";
import type { Frontend, Source } from "./frontend.ts";
import type { MirrorSink } from "./mirror-sink.ts";
import { Exchange } from "./relay.ts";
import type { BodyTaker, RequestBody } from "./request-body.ts";

/** A request with a longer body is not copied, in octets. Default 65536, as much as is kept for another attempt. */
const mirrorBytesMax = 65_536;
/** Copies under way at a time; beyond it none is sent. Default 256. */
const mirrorsMax = 256;
/** How long a copy may take, in ms, where its service says nothing. Default 15000. */
const mirrorTimeoutMs = 15_000;

/**
 * Sends copies of requests: each an exchange of its own, with one attempt, whose reply nobody reads. It begins once the request is
 * here whole, so that what is slow or fails with it is no matter to the request. A copy is as the request was forwarded, with the same
 * authority; nothing marks it for the process. Its record was never received by anybody: its places say so.
 */
export class MirrorSender implements MirrorSink {
  readonly #context: RelayContext;
  readonly #turns = new WeakMap<MirrorDoc, ShareTurn>();
  inFlight = 0;

  constructor(context: RelayContext) {
    this.#context = context;
  }

  copy(
    docs: readonly MirrorDoc[],
    frontend: Frontend,
    source: Source,
    stream: ServerStream,
    head: RequestHead,
    body: RequestBody,
  ): void {
    const meant = docs.filter((doc) => doc.backend !== null && this.#turnOf(doc).next());
    if (meant.length === 0) return;
    const { method, path, authority } = head;
    const fields: [string, string][] = [];
    head.each((name, value) => {
      if (!dropped.has(name)) fields.push([name, value]);
    });
    body.mirrorTo(
      new MirrorBody((octets) => {
        for (const doc of meant) {
          const copy = new PlainRequestHead({ method, path, authority }, fields);
          this.#send(doc, frontend, source, stream, copy, octets);
        }
      }),
    );
  }

  /** A copy is over. */
  onEnd(): void {
    this.inFlight--;
  }

  #turnOf(doc: MirrorDoc): ShareTurn {
    let turn = this.#turns.get(doc);
    if (turn === undefined) {
      turn = new ShareTurn(doc.share);
      this.#turns.set(doc, turn);
    }
    return turn;
  }

  /** @param octets null: the body is too long */
  #send(
    doc: MirrorDoc,
    frontend: Frontend,
    source: Source,
    near: ServerStream,
    head: RequestHead,
    octets: Buffer | null,
  ): void {
    if (octets === null || this.inFlight >= mirrorsMax) {
      this.#context.onLimit("mirror");
      return;
    }
    this.inFlight++;
    const { service, port } = doc.backend!;
    const backend = frontend.backendOf(service, port);
    const to: Frontend = {
      direction: frontend.direction,
      service,
      port,
      fails: null,
      pending: null,
      edit: null,
      gate: null,
      routes: null,
      backend,
      backendOf: frontend.backendOf,
      requestTimeoutMs: backend.spec.policy.requestTimeoutMs ?? mirrorTimeoutMs,
      budgetOf: null, // exactly one endpoint gets it
      isEdge: frontend.isEdge,
      isMirror: true,
    };
    const stream = new NoClient(this, near);
    const { length } = octets;
    const exchange = new Exchange(this.#context, { frontend: to }, source, stream, head, length);
    exchange.begin();
    if (length > 0) exchange.onRequestBody(octets, 0, length);
    exchange.onRequestEnd(null);
  }
}

/** What is the request's alone: how long its caller waits, by which rule it went. */
const dropped: ReadonlySet<string> = new Set([deadlineField, ruleField, "grpc-timeout"]);

/** Collects a request's body, and tells once it is whole. */
class MirrorBody implements BodyTaker {
  readonly #copy = new BodyCopy(mirrorBytesMax);
  readonly #onWhole: (octets: Buffer | null) => void;

  constructor(onWhole: (octets: Buffer | null) => void) {
    this.#onWhole = onWhole;
  }

  take(bytes: Buffer, start: number, end: number): void {
    this.#copy.take(bytes, start, end);
  }

  end(): void {
    this.#copy.end();
    const { isWhole, octets, length } = this.#copy;
    this.#onWhole(isWhole ? octets.subarray(0, length) : null);
  }
}

/** Where replies to copies go: nowhere. */
class NoClient implements ServerStream {
  readonly connection: ServerStream["connection"];
  readonly protocol: ServerStream["protocol"];
  readonly ordinal = 0;
  readonly #sender: MirrorSender;
  #isOver = false;

  /** @param near of the request that is copied */
  constructor(sender: MirrorSender, near: ServerStream) {
    this.#sender = sender;
    this.connection = near.connection;
    this.protocol = near.protocol;
  }

  sendInterim(): void {}
  sendHead(): void {}
  sendBody(): boolean {
    return true;
  }
  sendEnd(): void {
    this.#end();
  }
  abort(): void {
    this.#end();
  }
  closeAfter(): void {}
  pauseRequest(): void {}
  resumeRequest(): void {}

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sender.onEnd();
  }
}
