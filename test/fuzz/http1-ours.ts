import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { Fields, ReplyHead, RequestHead } from "@heddle/mesh/model/head.ts";
import type {
  BodyLength,
  ReplySink,
  RequestHandler,
  RequestSink,
  ServerStream,
} from "@heddle/mesh/net/codec.ts";
import { Http1Client } from "@heddle/mesh/net/http1/client.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import type { Http1Fields } from "@heddle/mesh/net/http1/fields.ts";
import { Http1Server } from "@heddle/mesh/net/http1/server.ts";
import { PlainReplyHead, PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import { ScriptedConnection } from "../../packages/mesh/test/http1/scripted-connection.ts";

/** One message as our codecs read it. */
export interface OurMessage {
  readonly head: Http1Fields;
  readonly start: string;
  readonly target: string;
  readonly fields: string[];
  readonly length: BodyLength;
  body: string;
  isComplete: boolean;
}

export interface OurReading {
  readonly messages: OurMessage[];
  /** Why the next message was refused; null if none was. */
  readonly refusal: string | null;
}

const context = new Http1Context({ clock: new VirtualClock() });

/** Reads a stream of requests cut at `cuts`, answering each as soon as it has ended. */
export function readOurRequests(input: string, cuts: readonly number[]): OurReading {
  const messages: OurMessage[] = [];
  let refusal: string | null = null;
  const handler: RequestHandler = {
    onRequest: (stream, head, length) => {
      const message = record(head as RequestHead & Http1Fields, length);
      messages.push(message);
      return new Answerer(stream, message, (detail) => {
        refusal = detail;
      });
    },
    onBadRequest: (_connection, _reason, detail) => {
      refusal = detail;
    },
    onConnectionClose() {},
  };
  const connection = new ScriptedConnection();
  connection.events = new Http1Server(context, connection, handler);
  connection.deliver(input, ...cuts);
  connection.close(null);
  return { messages, refusal };
}

class Answerer implements RequestSink {
  readonly #stream: ServerStream;
  readonly #message: OurMessage;
  readonly #onRefusal: (detail: string) => void;

  constructor(stream: ServerStream, message: OurMessage, onRefusal: (detail: string) => void) {
    this.#stream = stream;
    this.#message = message;
    this.#onRefusal = onRefusal;
  }

  onRequestBody(bytes: Buffer, start: number, end: number): void {
    this.#message.body += bytes.toString("latin1", start, end);
  }

  onRequestEnd(): void {
    this.#message.isComplete = true;
    if (this.#message.start === "CONNECT") return; // what follows is no HTTP
    this.#stream.sendHead(new PlainReplyHead(204), 0);
    this.#stream.sendEnd(null);
  }

  onRequestFailed(reason: string, detail: string): void {
    if (reason === "bad-request") this.#onRefusal(detail);
  }

  onWritable(): void {}
}

/** Reads the replies to one request with `method`, interim ones first. */
export function readOurReplies(input: string, cuts: readonly number[], method: string): OurReading {
  const messages: OurMessage[] = [];
  let refusal: string | null = null;
  const sink: ReplySink = {
    onInterim: (head: ReplyHead) => {
      messages.push({ ...record(head as ReplyHead & Http1Fields, 0), isComplete: true });
    },
    onReplyHead: (head: ReplyHead, length: BodyLength) => {
      messages.push(record(head as ReplyHead & Http1Fields, length));
    },
    onReplyBody: (bytes, start, end) => {
      messages.at(-1)!.body += bytes.toString("latin1", start, end);
    },
    onReplyEnd: (_trailers: Fields | null) => {
      messages.at(-1)!.isComplete = true;
    },
    onReplyFailed: ({ reason, detail }) => {
      if (reason === "bad-response") refusal = detail;
    },
    onWritable() {},
  };
  const connection = new ScriptedConnection();
  const client = new Http1Client(context, { onOpen() {}, onExchangeEnd() {}, onClose() {} });
  client.attach(connection);
  connection.events = client;
  client.onOpen();
  const stream = client.start(sink);
  stream.sendHead(new PlainRequestHead({ method, path: "/", authority: "kvs" }), 0);
  stream.sendEnd(null);
  connection.deliver(input, ...cuts);
  connection.deliverEnd();
  connection.close(null);
  return { messages, refusal };
}

/** What came, before any edit of ours. */
function record(head: (RequestHead | ReplyHead) & Http1Fields, length: BodyLength): OurMessage {
  const { bytes, table } = head;
  const fields: string[] = [];
  for (let at = 5; at < table.length; at += 5) {
    const name = bytes.toString("latin1", table[at], table[at + 1]).toLowerCase();
    fields.push(`${name}: ${bytes.toString("latin1", table[at + 2], table[at + 3])}`);
  }
  const isRequest = "method" in head;
  return {
    head,
    start: isRequest ? head.method : String(head.status),
    target: isRequest ? bytes.toString("latin1", table[2], table[3]) : "",
    fields,
    length,
    body: "",
    isComplete: false,
  };
}
