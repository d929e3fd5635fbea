import type { Clock, Timer } from "../base/clock.ts";
import type { ProxyDoc } from "../model/document.ts";
import type { BoundDatagrams } from "../net/bound-datagrams.ts";
import type { DatagramEvents, DatagramPeer, DatagramSocket, Datagrams } from "../net/datagrams.ts";
import { parseQuery, type Query, responseCodes } from "../net/dns/query.ts";
import { formatRefusal, formatReply } from "../net/dns/reply.ts";
import type { Accept, Connection } from "../net/transport.ts";
import type { DnsForwarder } from "./dns-forwarder.ts";
import { DnsNames } from "./dns-names.ts";
import { DnsStream } from "./dns-stream.ts";

/** TCP connections with questions that may be open; one more is reset. */
export const dnsConnectionsMax = 64;
/** Questions of one TCP connection that may be under way; then it is reset. */
export const dnsQuestionsMax = 16;
/** A TCP connection is closed after so long without an answer given on it, in ms (RFC 7766 §6.2.3 asks for seconds). */
export const dnsIdleMs = 10_000;

/** Answers that its client does not take may add up to so much; then it is reset. In octets. */
export const dnsQueuedBytesMax = 65_536;

export interface DnsServerOptions {
  readonly clock: Clock;
  readonly datagrams: Datagrams;
  readonly forwarder: DnsForwarder;
}

/**
 * Answers the questions for names of a captured process: names of services itself, from the proxy's own document; all
 * others as the host's nameservers do. Before the first document nobody knows which names are services: a failure, and
 * who asks asks again.
 */
export class DnsServer implements DatagramEvents {
  readonly #options: DnsServerOptions;
  #names: DnsNames | null = null;
  #doc: ProxyDoc | null = null;
  #socket: DatagramSocket | null = null;
  #connections = 0;

  constructor(options: DnsServerOptions) {
    this.#options = options;
  }

  /** Names of services are those of `doc` from now on. */
  apply(doc: ProxyDoc): void {
    if (doc === this.#doc) return;
    this.#doc = doc;
    const { capture, workload, clusterDomain } = doc;
    this.#names = capture === undefined ? null : new DnsNames(capture, workload, clusterDomain);
  }

  /** Receives on the socket that the supervisor passed, from now on. */
  listen(socket: BoundDatagrams): void {
    this.#socket?.close();
    this.#socket = this.#options.datagrams.open(socket, this);
  }

  onDatagram(bytes: Buffer, from: DatagramPeer): void {
    this.#answer(bytes, "udp", (reply) => this.#socket?.send(reply, from));
  }

  /** A bound socket on loopback has no failure that asking again would not find gone. */
  onFailure(): void {}

  /** A connection with questions. */
  readonly accept: Accept = (connection) => {
    if (this.#connections >= dnsConnectionsMax) return null;
    this.#connections++;
    return this.#serve(connection);
  };

  #serve(connection: Connection): DnsStream {
    const { clock } = this.#options;
    let underWay = 0;
    let hasEnded = false;
    let isOver = false;
    const endIfDone = () => {
      if (hasEnded && underWay === 0) connection.end();
    };
    const limit = (): Timer => clock.after(dnsIdleMs, () => connection.reset());
    let idle = limit();
    const stream = new DnsStream({
      onMessage: (message) => {
        if (++underWay > dnsQuestionsMax) {
          connection.reset();
          return;
        }
        this.#answer(message, "tcp", (reply) => {
          underWay--;
          if (isOver) return;
          idle.cancel();
          idle = limit();
          stream.send(reply);
          if (connection.queuedBytes > dnsQueuedBytesMax) connection.reset();
          else endIfDone();
        });
      },
      onEnd: () => {
        hasEnded = true;
        endIfDone();
      },
      onOver: () => {
        if (isOver) return;
        isOver = true;
        idle.cancel();
        this.#connections--;
      },
    });
    stream.connection = connection;
    stream.onOpen();
    return stream;
  }

  #answer(message: Buffer, over: "udp" | "tcp", reply: (bytes: Buffer) => void): void {
    const parsed = parseQuery(message);
    if (!parsed.ok) {
      if (parsed.id !== null) reply(formatRefusal(parsed.id, parsed.code));
      return;
    }
    const { query } = parsed;
    if (this.#names === null) {
      reply(failed(query));
      return;
    }
    const own = this.#names.answer(query.name, query.type);
    if (own !== null) {
      reply(formatReply(query, own));
      return;
    }
    this.#options.forwarder.forward(message, query, over, (forwarded) =>
      reply(forwarded ?? failed(query)),
    );
  }
}

function failed(query: Query): Buffer {
  const code = responseCodes.serverFailure;
  return formatReply(query, { code, answers: [], authority: [], additional: [] });
}
