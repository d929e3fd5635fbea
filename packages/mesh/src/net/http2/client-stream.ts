import { assert } from "../../base/assert.ts";
import type { Fields, RequestHead } from "../../model/head.ts";
import type { BodyLength, ClientStream, ReplyFailure, ReplySink } from "../codec.ts";
import { BlockFault } from "./block-codec.ts";
import type { Http2Connection } from "./connection.ts";
import { errorCodes } from "./error-code.ts";
import { Http2Stream, type StreamFailure } from "./stream.ts";

/** One exchange of an upstream HTTP/2 connection. */
export class Http2ClientStream extends Http2Stream implements ClientStream {
  readonly ordinal: number;
  readonly #core: Http2Connection;
  readonly #sink: ReplySink;
  #asked = nothingAsked;
  #asksTunnel = false;
  #isHeadSent = false;
  /** How much the connection had been given before this request. */
  #sentBefore = 0;
  #interims = 0;
  #hasReply = false;
  #isTunnel = false;
  /** Was it given up, or has it ended? Then its sink hears nothing more. */
  #isDead = false;

  constructor(core: Http2Connection, id: number, sink: ReplySink) {
    super(core, id);
    this.#core = core;
    this.ordinal = (id + 1) / 2;
    this.#sink = sink;
  }

  sendHead(head: RequestHead, length: BodyLength): void {
    if (this.#isDead) return;
    assert(!this.#isHeadSent, "one head per request");
    const core = this.#core;
    const isUpgrade = head.upgrade !== null;
    this.#asked = { method: head.method, isUpgrade };
    this.#asksTunnel = length === "tunnel";
    // An extended CONNECT has no place for another method than GET.
    if (isUpgrade && !(core.peer.takesExtendedConnect && head.method === "GET")) {
      // Not within this call: whoever sends has not finished.
      core.context.clock.after(0, () => this.#refuseUpgrade());
      return;
    }
    this.#isHeadSent = true;
    this.#sentBefore = core.output.appendedBytes;
    core.context.gather.enter();
    const out = core.beginBlock(this);
    core.blocks.appendRequest(out, head, length);
    core.endBlock(this, out, 0);
    core.context.gather.leave();
  }

  sendBody(bytes: Buffer, start: number, end: number): boolean {
    if (this.#isDead || !this.#isHeadSent || this.hasSentEnd) return true;
    if (end <= start) return !this.owesWritable;
    const core = this.#core;
    core.context.gather.enter();
    const isTaken = core.outflow.send(this, bytes, start, end);
    core.context.gather.leave();
    return isTaken;
  }

  sendEnd(trailers: Fields | null): void {
    if (this.#isDead || !this.#isHeadSent || this.hasSentEnd || this.wantsEnd) return;
    const core = this.#core;
    core.context.gather.enter();
    core.outflow.end(this, trailers);
    core.context.gather.leave();
  }

  abort(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    const core = this.#core;
    core.context.gather.enter();
    this.#giveUp();
    core.context.gather.leave();
  }

  pauseReply(): void {
    if (!this.#isDead) this.pause();
  }

  resumeReply(): void {
    if (this.#isDead) return;
    const { gather } = this.#core.context;
    gather.enter();
    this.resume();
    gather.leave();
  }

  /** The whole reply is here, and waits for who takes it slowly: its server may leave. */
  override get outlivesConnection(): boolean {
    return this.hasReceivedEnd && !this.isEndDelivered && !this.#isTunnel;
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    if (!this.#isDead) this.#sink.onReplyBody(bytes, start, end);
  }

  onEnd(trailers: Fields | null): void {
    if (this.#isDead) return;
    if (this.#isTunnel) {
      this.#sink.onReplyEnd(trailers);
      return;
    }
    this.#isDead = true;
    this.#sink.onReplyEnd(trailers);
    // RFC 9113 §8.1: the reply is whole, and nobody reads the rest of the request.
    if (!this.isClosed && !this.hasSentEnd) this.#giveUp();
  }

  onBlock(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    if (this.#hasReply) this.#core.receiveTrailers(this, bytes, start, end, isEnd);
    else this.#readHead(bytes, start, end, isEnd);
  }

  onWritable(): void {
    if (!this.#isDead) this.#sink.onWritable();
  }

  onFailed(failure: StreamFailure): void {
    if (this.#isDead) return;
    this.#isDead = true;
    const answered = this.#hasReply || this.#interims > 0;
    const { detail } = failure;
    const reason = reasonOf(failure, this.#hasReply);
    this.#sink.onReplyFailed({ reason, sent: this.#hasSent, answered, detail });
  }

  onSentEnd(): void {}

  onLook(): void {}

  onSlow(): void {
    // How long a server may take is its callers' to say.
  }

  #readHead(bytes: Buffer, start: number, end: number, isEnd: boolean): void {
    const core = this.#core;
    const head = core.blocks.readReply(bytes, start, end, isEnd, this.#asked);
    if (head instanceof BlockFault) {
      core.onBlockFault(this, head);
      return;
    }
    if (head.status < 200 && head.length !== "tunnel") {
      if (++this.#interims > core.context.limits.interimMax) {
        core.streamError(this, errorCodes.ENHANCE_YOUR_CALM, "too many interim replies");
      } else if (!this.#isDead) this.#sink.onInterim(head);
      return;
    }
    const { length } = head;
    this.#hasReply = true;
    this.isBodyDue = true;
    this.hasReceivedEnd = isEnd;
    this.#isTunnel = length === "tunnel";
    if (typeof length === "number" && !isEnd) this.expectedBytes = length;
    if (!this.#isDead) this.#sink.onReplyHead(head, length);
    if (this.isClosed) return;
    // Refused: nothing comes behind the request, and the server should know.
    if (this.#asksTunnel && !this.#isTunnel && !this.hasSentEnd) core.outflow.end(this, null);
    if (isEnd && !this.isClosed) {
      this.onEnd(null);
      core.closeIfEnded(this);
    }
  }

  #giveUp(): void {
    if (this.#isHeadSent) this.#core.reset(this, errorCodes.CANCEL);
    else this.#core.drop(this, null);
  }

  #refuseUpgrade(): void {
    if (this.isClosed) return;
    const { gather } = this.#core.context;
    gather.enter();
    const detail = "an upgrade that this server cannot be asked for";
    this.#core.drop(this, { kind: "malformed", detail });
    gather.leave();
  }

  /** False only where surely no octet of this request has left the process. */
  get #hasSent(): boolean {
    if (!this.#isHeadSent) return false;
    const written = this.#core.output.writtenBytes - this.#sentBefore;
    return written > 0 && this.#core.connection.queuedBytes < written;
  }
}

const nothingAsked = { method: "GET", isUpgrade: false };

function reasonOf({ kind }: StreamFailure, hasReply: boolean): ReplyFailure["reason"] {
  if (kind === "malformed") return "bad-response";
  return kind === "refused" && !hasReply ? "refused-stream" : "reset";
}
