import { grpcStatusOf } from "../model/grpc.ts";
import type { Fields, ReplyHead } from "../model/head.ts";
import type { HealthCheckDoc } from "../model/policy.ts";
import { reasonSaid } from "../model/reason.ts";
import type { BodyLength, ClientStream, ReplySink } from "../net/codec.ts";
import { PlainRequestHead } from "../net/plain-head.ts";
import type { Connection } from "../net/transport.ts";
import { verdictOfReason } from "../policy/outcome.ts";
import type { UpstreamContext } from "./context.ts";
import type { Pool } from "./pool.ts";
import type { PooledSession, SessionTaker } from "./pooled-session.ts";
import type { RawDial, RawDialOwner } from "./raw-dial.ts";
import type { Target } from "./target.ts";

/** Octets of a reply's body that are read; a longer one is cut. */
const bodyBytesMax = 65_536;
/** gRPC's `HealthCheckResponse` with status SERVING: one field of one octet. */
const serving = Buffer.from([0, 0, 0, 0, 2, 8, 1]);

const agent = ["user-agent", "heddle-health"] as const;

/** Told once how a check ended; null: it says nothing of the process. */
export interface ProbeOwner {
  onProbed(isWell: boolean | null): void;
}

/**
 * One check of one target, over the connections that its requests use: what it finds is what they would find. At a peer's proxy it is a
 * request like any other, and goes on to the process.
 */
export class HealthProbe implements SessionTaker, ReplySink, RawDialOwner {
  readonly #context: UpstreamContext;
  readonly #target: Target;
  readonly #doc: HealthCheckDoc;
  readonly #authority: string;
  #owner: ProbeOwner | null;
  #pool: Pool | null = null;
  #dial: RawDial | null = null;
  #stream: ClientStream | null = null;
  #bodyBytes = 0;
  /** Of a gRPC reply: its first octets. */
  #message = Buffer.alloc(0);
  /** Of the reply's head; null: it has not come. */
  #verdict: boolean | null = null;

  constructor(
    context: UpstreamContext,
    target: Target,
    doc: HealthCheckDoc,
    authority: string,
    owner: ProbeOwner,
  ) {
    this.#context = context;
    this.#target = target;
    this.#doc = doc;
    this.#authority = authority;
    this.#owner = owner;
  }

  /** @param octetsAlpn what a peer that carries octets is offered; null: it carries requests */
  start(octetsAlpn: string | null): void {
    if (this.#doc.check.protocol === "tcp") {
      const dial = this.#target.dial(octetsAlpn ?? "http/1.1", this);
      if (this.#owner !== null) this.#dial = dial;
      return;
    }
    const nowMs = this.#context.clock.monotonicMs();
    const isGrpc = this.#doc.check.protocol === "grpc";
    this.#pool = isGrpc ? this.#target.poolOf("h2") : this.#target.poolFor("http/1.1", nowMs);
    const session = this.#pool.take(this, false, nowMs);
    if (session !== null) this.onSession(session);
  }

  /** It has taken too long, or nobody wants to know any more. @returns did it hold its connection open, as it should? */
  giveUp(): boolean {
    if (this.#owner === null) return false;
    this.#owner = null;
    this.#pool?.cancel(this);
    this.#stream?.abort();
    const isOpen = this.#dial?.isOpen ?? false;
    this.#dial?.cancel();
    return isOpen;
  }

  onSession(session: PooledSession): void {
    const { check } = this.#doc;
    const isFirst = !session.isUsed;
    const stream = session.start(this);
    this.#stream = stream;
    const head =
      check.protocol === "http" ? httpHead(this.#authority, check.path) : grpcHead(this.#authority);
    if (isFirst && this.#target.endpoint.identity !== null) this.#context.introduce?.(head);
    if (check.protocol === "grpc") {
      const message = grpcMessage(check.service);
      stream.sendHead(head, "chunked");
      stream.sendBody(message, 0, message.length);
    } else {
      stream.sendHead(head, 0);
    }
    stream.sendEnd(null);
  }

  onNoSession(reason: string): void {
    // Our own shortage says nothing of the process.
    this.#end(reason === "queue-full" || reason === "shed" ? null : false);
  }

  onInterim(): void {}

  onReplyHead(head: ReplyHead, _length: BodyLength): void {
    const reason = this.#target.endpoint.identity === null ? null : reasonSaid(head);
    const { check } = this.#doc;
    if (reason !== null) {
      // A peer's proxy answers for its process: that it cannot reach it, or that the request was not for it.
      this.#cut(verdictOfReason(reason) === "failure" ? false : null);
    } else if (check.protocol === "http") {
      this.#verdict = head.status >= check.statuses[0] && head.status <= check.statuses[1];
    } else {
      this.#verdict = head.status === 200;
      if (grpcStatusOf(head) > 0) this.#cut(false);
    }
  }

  onReplyBody(bytes: Buffer, start: number, end: number): void {
    this.#bodyBytes += end - start;
    if (this.#message.length < serving.length) {
      this.#message = Buffer.concat([this.#message, bytes.subarray(start, end)]);
    }
    if (this.#bodyBytes > bodyBytesMax) this.#cut(this.#verdict);
  }

  onReplyEnd(trailers: Fields | null): void {
    if (this.#doc.check.protocol !== "grpc" || this.#verdict !== true) {
      this.#end(this.#verdict);
      return;
    }
    const isServing = this.#message.subarray(0, serving.length).equals(serving);
    this.#end(isServing && (trailers === null || grpcStatusOf(trailers) <= 0));
  }

  onReplyFailed(): void {
    this.#end(false);
  }

  onWritable(): void {}

  onConnected(_connection: Connection): void {}

  onNoConnection(reason: string): void {
    this.onNoSession(reason);
  }

  /** Who speaks first is there. */
  onBytes(): void {
    const dial = this.#dial;
    this.#end(true);
    dial?.cancel();
  }

  /** A peer's proxy closes what its process does not take. */
  onEnd(): void {
    const dial = this.#dial;
    this.#end(false);
    dial?.cancel();
  }

  onDrain(): void {}

  onClose(): void {
    this.#end(false);
  }

  #cut(verdict: boolean | null): void {
    const stream = this.#stream;
    this.#stream = null;
    this.#end(verdict);
    stream?.abort();
  }

  #end(isWell: boolean | null): void {
    const owner = this.#owner;
    this.#owner = null;
    this.#stream = null;
    owner?.onProbed(isWell);
  }
}

function httpHead(authority: string, path: string): PlainRequestHead {
  return new PlainRequestHead({ method: "GET", path, authority }, [agent]);
}

/** gRPC Health Checking Protocol, `Check`. */
function grpcHead(authority: string): PlainRequestHead {
  const line = { method: "POST", path: "/grpc.health.v1.Health/Check", authority };
  return new PlainRequestHead(line, [
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    agent,
  ]);
}

/** `HealthCheckRequest`: one text, of field 1, behind a prefix of five octets. */
function grpcMessage(service: string): Buffer {
  const text = Buffer.from(service);
  const field =
    text.length === 0 ? Buffer.alloc(0) : Buffer.concat([varint(10), varint(text.length), text]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(field.length, 1);
  return Buffer.concat([prefix, field]);
}

function varint(value: number): Buffer {
  const octets: number[] = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 0x80) return Buffer.from([...octets, left]);
    octets.push((left & 0x7f) | 0x80);
  }
}
