import type { Clock, Timer } from "../base/clock.ts";
import type { Rng } from "../base/rng.ts";
import { tcp } from "../model/address.ts";
import type { ConnectedDatagrams, DatagramEvents, Datagrams } from "../net/datagrams.ts";
import type { Query } from "../net/dns/query.ts";
import { headerBytes } from "../net/dns/query.ts";
import type { Transport } from "../net/transport.ts";
import { DnsStream } from "./dns-stream.ts";

/** Questions for names outside the mesh that may be under way; beyond it they are answered with a failure at once. */
export const forwardsMax = 256;
/** One nameserver is waited for so long, in ms; then the next is asked (glibc: 5000). */
export const forwardTimeoutMs = 1500;
/** Asked so often in all: each nameserver once, then from the first again. */
export const forwardAttemptsMax = 4;

export interface DnsForwarderOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly transport: Transport;
  readonly datagrams: Datagrams;
  /** Addresses of the host's nameservers, best first; asked for each question. */
  readonly nameservers: () => readonly string[];
}

/** Told once. Null: nobody answered. */
export type OnForwarded = (reply: Buffer | null) => void;

/**
 * Asks the host's nameservers what the mesh does not know, with the asker's own octets: whatever they mean comes through,
 * and the answer goes back as it is, but for the message's number. A question that came over TCP is asked over TCP.
 */
export class DnsForwarder {
  readonly #options: DnsForwarderOptions;
  #underWay = 0;

  constructor(options: DnsForwarderOptions) {
    this.#options = options;
  }

  forward(message: Buffer, query: Query, over: "udp" | "tcp", onForwarded: OnForwarded): void {
    const nameservers = this.#options.nameservers();
    if (this.#underWay >= forwardsMax || nameservers.length === 0) {
      onForwarded(null);
      return;
    }
    this.#underWay++;
    // A number of its own, so that whoever guesses what was asked does not know what to forge.
    const id = this.#options.rng.below(0x1_0000);
    const copy = Buffer.from(message);
    copy.writeUInt16BE(id, 0);
    const forward = new Forward(
      this.#options,
      { message: copy, query, over, nameservers },
      (reply) => {
        this.#underWay--;
        reply?.writeUInt16BE(query.id, 0);
        onForwarded(reply);
      },
    );
    forward.attempt();
  }
}

interface Question {
  readonly message: Buffer;
  readonly query: Query;
  readonly over: "udp" | "tcp";
  readonly nameservers: readonly string[];
}

/** One question on its way: asks one nameserver after the other until one answers. */
class Forward implements DatagramEvents {
  readonly #options: DnsForwarderOptions;
  readonly #question: Question;
  readonly #onEnd: OnForwarded;
  #attempts = 0;
  #timer: Timer | null = null;
  #socket: ConnectedDatagrams | null = null;
  #isOver = false;

  constructor(options: DnsForwarderOptions, question: Question, onEnd: OnForwarded) {
    this.#options = options;
    this.#question = question;
    this.#onEnd = onEnd;
  }

  attempt(): void {
    const { message, nameservers, over } = this.#question;
    const host = nameservers[this.#attempts % nameservers.length]!;
    this.#attempts++;
    this.#timer = this.#options.clock.after(forwardTimeoutMs, () => this.#again());
    this.#socket =
      over === "udp"
        ? this.#options.datagrams.connect(host, 53, this)
        : askOverTcp(this.#options.transport, host, this);
    this.#socket.send(message);
  }

  /** Only what answers this very question counts. */
  onDatagram(reply: Buffer): void {
    const { message, query } = this.#question;
    const end = headerBytes + query.question.length;
    if (this.#isOver || reply.length < end || (reply[2]! & 0x80) === 0) return;
    const isSame =
      reply.readUInt16BE(0) === message.readUInt16BE(0) &&
      reply.subarray(headerBytes, end).equals(message.subarray(headerBytes, end));
    if (isSame) this.#finish(Buffer.from(reply));
  }

  onFailure(): void {
    if (!this.#isOver) this.#again();
  }

  #again(): void {
    if (this.#attempts >= forwardAttemptsMax) {
      this.#finish(null);
      return;
    }
    this.#close();
    this.attempt();
  }

  #finish(reply: Buffer | null): void {
    this.#isOver = true;
    this.#close();
    this.#onEnd(reply);
  }

  #close(): void {
    this.#timer?.cancel();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}

function askOverTcp(
  transport: Transport,
  host: string,
  events: DatagramEvents,
): ConnectedDatagrams {
  let isClosed = false;
  const from = { host, port: 53 };
  const stream = new DnsStream({
    onMessage: (bytes) => isClosed || events.onDatagram(bytes, from),
    onEnd: () => isClosed || events.onFailure("ended without an answer"),
    onOver: (detail) => isClosed || events.onFailure(detail),
  });
  const connection = transport.dial({ address: tcp(host, 53), tls: null }, stream);
  stream.connection = connection;
  return {
    send: (bytes) => stream.send(bytes),
    close: () => {
      isClosed = true;
      connection.reset();
    },
  };
}
