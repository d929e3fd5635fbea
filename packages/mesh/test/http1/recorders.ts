import type { Fields, ReplyHead, RequestHead } from "@heddle/mesh/model/head.ts";
import type { Reason } from "@heddle/mesh/model/reason.ts";
import type {
  BodyLength,
  ReplyFailure,
  ReplySink,
  RequestHandler,
  RequestSink,
  ServerStream,
} from "@heddle/mesh/net/codec.ts";
import type { Connection, TransportFailure } from "@heddle/mesh/net/transport.ts";

/** All fields as `name: value` lines. */
export function listFields(fields: Fields | null): string[] {
  const lines: string[] = [];
  fields?.each((name, value) => lines.push(`${name}: ${value}`));
  return lines;
}

/** One request as a handler saw it. */
export class RecordedRequest implements RequestSink {
  readonly stream: ServerStream;
  readonly head: RequestHead;
  readonly length: BodyLength;
  body = "";
  hasEnded = false;
  trailers: string[] = [];
  failure: { reason: Reason; detail: string } | null = null;
  writables = 0;
  looks = 0;
  onBody: (() => void) | null = null;
  onEnd: (() => void) | null = null;

  constructor(stream: ServerStream, head: RequestHead, length: BodyLength) {
    this.stream = stream;
    this.head = head;
    this.length = length;
  }

  onRequestBody(bytes: Buffer, start: number, end: number): void {
    this.body += bytes.toString("latin1", start, end);
    this.onBody?.();
  }

  onRequestEnd(trailers: Fields | null): void {
    this.hasEnded = true;
    this.trailers = listFields(trailers);
    this.onEnd?.();
  }

  onRequestFailed(reason: Reason, detail: string): void {
    this.failure = { reason, detail };
  }

  onWritable(): void {
    this.writables++;
  }

  onStillOpen(): void {
    this.looks++;
  }
}

/** Keeps what a server codec reports. */
export class RecordingHandler implements RequestHandler {
  readonly requests: RecordedRequest[] = [];
  readonly refusals: { reason: Reason; detail: string }[] = [];
  closes = 0;
  /** What to do with each request as it comes; by default nothing. */
  onEach: ((request: RecordedRequest) => void) | null = null;

  onRequest(stream: ServerStream, head: RequestHead, length: BodyLength): RequestSink {
    const request = new RecordedRequest(stream, head, length);
    this.requests.push(request);
    this.onEach?.(request);
    return request;
  }

  onBadRequest(_connection: Connection, reason: Reason, detail: string): void {
    this.refusals.push({ reason, detail });
  }

  onConnectionClose(_connection: Connection, _failure: TransportFailure | null): void {
    this.closes++;
  }
}

/** Keeps what a client codec reports. */
export class RecordedReply implements ReplySink {
  readonly interims: number[] = [];
  head: ReplyHead | null = null;
  length: BodyLength | null = null;
  body = "";
  hasEnded = false;
  trailers: string[] = [];
  failure: ReplyFailure | null = null;
  writables = 0;
  onBody: (() => void) | null = null;

  onInterim(head: ReplyHead): void {
    this.interims.push(head.status);
  }

  onReplyHead(head: ReplyHead, length: BodyLength): void {
    this.head = head;
    this.length = length;
  }

  onReplyBody(bytes: Buffer, start: number, end: number): void {
    this.body += bytes.toString("latin1", start, end);
    this.onBody?.();
  }

  onReplyEnd(trailers: Fields | null): void {
    this.hasEnded = true;
    this.trailers = listFields(trailers);
  }

  onReplyFailed(failure: ReplyFailure): void {
    this.failure = failure;
  }

  onWritable(): void {
    this.writables++;
  }
}
