import { assert } from "../../base/assert.ts";
import type { Clock, Timer } from "../../base/clock.ts";
import type { EndpointName, History } from "../../history/event.ts";
import type { ObservedExchange } from "../../history/observed-exchange.ts";
import { type Address, formatAddress, tcp } from "../../model/address.ts";
import type { ReplyHead } from "../../model/head.ts";
import { BodyText } from "../body-text.ts";
import type { ReplyFailure, ReplySink } from "../codec.ts";
import { PlainRequestHead } from "../plain-head.ts";
import { EndpointRecorder, type RecordedService } from "../recorder.ts";
import type { Transport, TransportFailure } from "../transport.ts";
import { Http1Client, type Http1ClientOwner } from "./client.ts";
import { Http1Context } from "./context.ts";

export interface CallerOptions {
  readonly transport: Transport;
  /** Shared by all callers of a process; with `via: null`, for a caller forwards nothing. */
  readonly context: Http1Context;
  /** Writes down what the caller sends and gets: it is the endpoint. */
  readonly recorder: EndpointRecorder;
  /** Where the service is: of a process, or of a proxy's listener. */
  readonly address: Address;
  /** What it is called there. Default: the address. */
  readonly authority?: string;
  /** Longest wait for a whole reply, the dial included, in ms. Default 10000; then the connection is reset. */
  readonly callTimeoutMs?: number;
}

export interface OpenOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** `http://127.0.0.1:8080`: of a process, or of a proxy's listener. The host is a literal. */
  readonly url: string;
  /** What the caller calls itself in its history. */
  readonly name: EndpointName;
  /** What it asks there, and how requests are read as operations. Default: neither is known. */
  readonly service?: RecordedService | null;
  /** As in `CallerOptions`. */
  readonly callTimeoutMs?: number;
}

export interface CallReply {
  /** 0: no whole reply came. */
  readonly status: number;
  readonly head: ReplyHead | null;
  readonly body: string;
  /** Null: a whole reply came. */
  readonly failure: CallFailure | null;
  /** As the caller recorded it; null: nothing was sent. */
  readonly exchange: ObservedExchange | null;
}

export interface CallFailure {
  readonly detail: string;
  /** Did an octet of the request leave? If not, surely nothing happened. */
  readonly sent: boolean;
}

/** A longer reply is none to us. In octets. */
const REPLY_BYTES_MAX = 1_048_576;

/**
 * A caller of HTTP services that records itself: one connection, kept open, one call at a time. It tries nothing twice, for
 * what it says is what happened. It tells of failures in its answers and throws nothing.
 */
export class Caller implements Http1ClientOwner {
  readonly #options: CallerOptions;
  readonly #transport: Transport;
  #client: Http1Client | null = null;
  #call: Call | null = null;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#transport = options.recorder.wrap(options.transport);
  }

  /** A caller on its own, with a recorder and a context of its own: what a script needs. */
  static open(options: OpenOptions): Caller {
    const { transport, clock, url, name, service = null, callTimeoutMs } = options;
    const { hostname, port, host } = new URL(url);
    return new Caller({
      transport,
      context: new Http1Context({ clock, via: null }),
      recorder: new EndpointRecorder({ endpoint: name, clock, serviceAt: () => service }),
      address: tcp(hostname, Number(port || 80)),
      authority: host,
      ...(callTimeoutMs === undefined ? {} : { callTimeoutMs }),
    });
  }

  /** What it saw, in order: its local point of view. */
  get history(): History {
    return this.#options.recorder.history;
  }

  /** Sends a request and waits for the reply to it. One call at a time. @param fields names in lower case */
  call(
    method: string,
    path: string,
    body: string | null = null,
    fields: readonly (readonly [name: string, value: string])[] = [],
  ): Promise<CallReply> {
    assert(this.#call === null, "a caller makes one call at a time");
    const { clock } = this.#options.context;
    const { promise, resolve } = Promise.withResolvers<CallReply>();
    const timeoutMs = this.#options.callTimeoutMs ?? 10_000;
    const call = new Call({ method, path, body, fields }, (reply) => {
      timer.cancel();
      this.#call = null;
      resolve(reply);
    });
    const timer: Timer = clock.after(timeoutMs, () => this.#giveUp(`no reply in ${timeoutMs} ms`));
    this.#call = call;
    if (this.#client?.capacity === 1) this.#start(this.#client, call);
    else this.#dial();
    return promise;
  }

  /** Ends the connection. A call that waits fails. */
  close(): void {
    if (this.#call === null) this.#client?.close();
    else this.#giveUp("the caller went away");
    this.#client = null;
  }

  onOpen(client: Http1Client): void {
    if (client === this.#client && this.#call !== null) this.#start(client, this.#call);
  }

  onExchangeEnd(): void {}

  onClose(client: Http1Client, failure: TransportFailure | null): void {
    if (client !== this.#client) return;
    this.#client = null;
    // With an exchange going on its sink was told before.
    this.#call?.fail({ detail: failure?.detail ?? "the connection ended", sent: false });
  }

  #dial(): void {
    const { context, address } = this.#options;
    const client = new Http1Client(context, this);
    this.#client = client;
    client.attach(this.#transport.dial({ address, tls: null }, client));
  }

  #start(client: Http1Client, call: Call): void {
    const { context, recorder, address, authority = formatAddress(address) } = this.#options;
    const { method, path, body, fields } = call.said;
    const octets = Buffer.from(body ?? "");
    const head = new PlainRequestHead({ method, path, authority }, fields);
    context.gather.enter(); // head and body leave in one write
    const stream = client.start(call);
    stream.sendHead(head, octets.length);
    if (octets.length > 0) stream.sendBody(octets, 0, octets.length);
    stream.sendEnd(null);
    context.gather.leave();
    call.exchange = recorder.latest;
  }

  #giveUp(detail: string): void {
    const call = this.#call;
    const client = this.#client;
    this.#client = null;
    call?.fail({ detail, sent: call.exchange !== null });
    client?.connection.reset();
  }
}

interface Said {
  readonly method: string;
  readonly path: string;
  readonly body: string | null;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

class Call implements ReplySink {
  readonly said: Said;
  readonly #end: (reply: CallReply) => void;
  readonly #text = new BodyText(REPLY_BYTES_MAX);
  exchange: ObservedExchange | null = null;
  #head: ReplyHead | null = null;
  #isOver = false;

  constructor(said: Said, end: (reply: CallReply) => void) {
    this.said = said;
    this.#end = end;
  }

  fail(failure: CallFailure): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end({ status: 0, head: null, body: "", failure, exchange: this.exchange });
  }

  onInterim(): void {}

  onReplyHead(head: ReplyHead): void {
    this.#head = head;
  }

  onReplyBody(bytes: Buffer, start: number, end: number): void {
    this.#text.add(bytes, start, end);
  }

  onReplyEnd(): void {
    this.#text.end();
    const { value } = this.#text;
    if (!("text" in value)) {
      this.fail({ detail: `a reply of more than ${REPLY_BYTES_MAX} octets`, sent: true });
    } else if (!this.#isOver) {
      this.#isOver = true;
      const head = this.#head;
      const { exchange } = this;
      this.#end({ status: head?.status ?? 0, head, body: value.text, failure: null, exchange });
    }
  }

  onReplyFailed({ sent, detail }: ReplyFailure): void {
    this.fail({ detail, sent });
  }

  onWritable(): void {}
}
