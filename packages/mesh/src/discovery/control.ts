import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Rng } from "../base/rng.ts";
import type { Address } from "../model/address.ts";
import type { ServiceKey } from "../model/service-key.ts";
import type { PeerVerifier, TlsCredentials, Transport } from "../net/transport.ts";
import type { Delta } from "../snapshot/snapshot.ts";
import { parseControlMessage } from "./codec.ts";
import { LineConnection } from "./lines.ts";
import {
  type Ack,
  controlAlpn,
  controlServerName,
  type Enrolled,
  type Nack,
  type ProxyMessage,
  type Recorded,
  type Request,
} from "./protocol.ts";
import type { SnapshotHolder } from "./snapshot-holder.ts";

export interface ControlLinkOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  readonly transport: Transport;
  readonly control: Address;
  readonly workloadUid: string;
  /** Version of this program. */
  readonly build: string;
  /** Asked at each dial, so that a rotation counts from the next one. */
  readonly credentials: () => TlsCredentials;
  /** Accepts the control plane and nobody else. */
  readonly verify: PeerVerifier;
  readonly holder: SnapshotHolder;
  readonly events: ControlLinkEvents;
}

export interface ControlLinkEvents {
  onConnected(): void;
  /** `detail`: what went wrong; null in good order. The link dials again by itself. */
  onDisconnected(detail: string | null): void;
  /** Start answering with `ControlLink.answer` until done or cancelled. A lost connection cancels all. */
  onRequest(request: Request): void;
  onCancel(id: number): void;
  /** Records that were sent are kept. */
  onRecorded(recorded: Recorded): void;
}

const connectTimeoutMs = 5_000;
const renewTimeoutMs = 10_000;
/** The control plane pings every 10 s; three missed are a dead line. */
const silenceMs = 35_000;
const backoffMinMs = 100;
const backoffMaxMs = 5_000;
/** Beyond this many bytes not yet read by the control plane, answers are dropped and summaries wait. */
const queueBytesMax = 1 << 20;

interface PendingRenewal {
  readonly resolve: (enrolled: Enrolled) => void;
  readonly reject: (cause: Error) => void;
  readonly timer: Timer;
}

/**
 * A proxy's line to its control plane: dials, says what it has, takes deltas, acknowledges, and dials again for ever.
 * Losing it stops nothing; the proxy serves from what it holds.
 *
 *   idle ──start──▶ dialling ──open──▶ connected ──close──▶ backing off (100 ms … 5 s) ──▶ dialling
 */
export class ControlLink {
  readonly #options: ControlLinkOptions;
  #line: LineConnection | null = null;
  #isConnected = false;
  #isClosed = false;
  #failures = 0;
  #timer: Timer | null = null;
  #lastHeardMs = 0;
  #summary: unknown = null;
  #renewal: PendingRenewal | null = null;

  constructor(options: ControlLinkOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Dials now and from now on. Twice does no harm. */
  start(): void {
    if (this.#line === null && !this.#isClosed) this.#dial();
  }

  /** Says that these services are used for the first time; lost words are repeated in the next hello. */
  want(services: readonly ServiceKey[]): void {
    this.#send({ type: "want", services });
  }

  /** Sends counters; only the newest waits while the line is slow. */
  summary(body: unknown): void {
    this.#summary = body;
    this.#flushSummary();
  }

  /** Sends a message of type `records`, JSON on one line. Lost with the connection: whoever sends it keeps it. */
  records(line: string): void {
    if (this.#isConnected) this.#line?.sendLine(line);
  }

  /** Answers a request. Items that the line cannot take are dropped and counted by the receiver. */
  answer(id: number, items: readonly unknown[], done: boolean, dropped: number): void {
    const isFull = (this.#line?.queuedBytes ?? 0) > queueBytesMax;
    if (isFull && !done && items.length === 0) return;
    const sent = isFull ? [] : items;
    this.#send({
      type: "answer",
      id,
      items: sent,
      done,
      dropped: dropped + items.length - sent.length,
    });
  }

  /** Has a new key certified over this connection. Rejects when it is not connected, refused, cut off or late. */
  renew(publicKeyPem: string, proof: string): Promise<Enrolled> {
    if (!this.#isConnected) return Promise.reject(new Error("no control plane"));
    if (this.#renewal !== null) return Promise.reject(new Error("a renewal is under way"));
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.after(renewTimeoutMs, () =>
        this.#endRenewal((pending) => pending.reject(new Error("no answer in time"))),
      );
      this.#renewal = { resolve, reject, timer };
      this.#send({ type: "renew", publicKeyPem, proof });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#line?.connection?.reset();
  }

  #dial(): void {
    const { clock, transport, control, credentials, verify } = this.#options;
    const line = new LineConnection({
      onOpen: () => this.#onOpen(),
      onMessage: (message) => this.#onMessage(message),
      onDrain: () => this.#flushSummary(),
      onClose: (detail) => this.#onClose(detail),
    });
    const tls = {
      credentials: credentials(),
      serverName: controlServerName,
      alpn: [controlAlpn],
      verify,
    };
    this.#line = line.attach(transport.dial({ address: control, tls }, line));
    this.#timer?.cancel();
    this.#timer = clock.after(connectTimeoutMs, () => line.fail("connect timeout"));
  }

  #onOpen(): void {
    const { clock, events } = this.#options;
    this.#isConnected = true;
    this.#lastHeardMs = clock.monotonicMs();
    this.#timer?.cancel();
    this.#watchSilence();
    this.#hello(false);
    this.#flushSummary();
    events.onConnected();
  }

  #hello(asksForWhole: boolean): void {
    const { workloadUid, build, holder } = this.#options;
    const held = asksForWhole ? null : holder.held();
    this.#send({
      type: "hello",
      workloadUid,
      version: held?.version ?? null,
      digest: held?.digest ?? "",
      build,
      wants: holder.wants(),
    });
  }

  #watchSilence(): void {
    const { clock } = this.#options;
    const leftMs = this.#lastHeardMs + silenceMs - clock.monotonicMs();
    if (leftMs <= 0) this.#line?.fail("control plane is silent");
    else this.#timer = clock.after(leftMs, () => this.#watchSilence());
  }

  #onMessage(received: unknown): void {
    this.#lastHeardMs = this.#options.clock.monotonicMs();
    this.#failures = 0;
    const message = parseControlMessage(received);
    if (typeof message === "string") {
      this.#line?.fail(message);
      return;
    }
    switch (message.type) {
      case "delta":
        this.#onDelta(message.delta);
        return;
      case "request":
        this.#options.events.onRequest(message);
        return;
      case "cancel":
        this.#options.events.onCancel(message.id);
        return;
      case "recorded":
        this.#options.events.onRecorded(message);
        return;
      case "ping":
        this.#send({ type: "pong" });
        return;
      case "enrolled":
        this.#endRenewal((pending) => pending.resolve(message));
        return;
      case "refused":
        this.#endRenewal((pending) => pending.reject(new Error(message.reason)));
        return;
    }
  }

  #onDelta(delta: Delta): void {
    const outcome = this.#options.holder.take(delta);
    if (!outcome.ok) {
      this.#options.log.warn(
        { detail: outcome.detail },
        "delta does not fit; asking for the whole",
      );
      this.#hello(true);
      return;
    }
    const { epoch, revision, endpointsVersion } = delta;
    for (const { document, errors } of outcome.refused) {
      const nack: Nack = {
        type: "nack",
        epoch,
        revision,
        endpointsVersion,
        document,
        errors: errors.slice(0, 100),
      };
      this.#send(nack);
    }
    const ack: Ack = { type: "ack", epoch, revision, endpointsVersion, digest: delta.digest };
    this.#send(ack);
  }

  #onClose(detail: string | null): void {
    const { clock, rng, events } = this.#options;
    this.#line = null;
    this.#isConnected = false;
    this.#timer?.cancel();
    this.#endRenewal((pending) => pending.reject(new Error(detail ?? "connection closed")));
    if (!this.#isClosed) {
      const limitMs = Math.min(backoffMaxMs, backoffMinMs * 2 ** Math.min(this.#failures, 10));
      this.#failures++;
      this.#timer = clock.after(limitMs * (0.5 + rng.float() / 2), () => this.#dial());
    }
    events.onDisconnected(detail);
  }

  #endRenewal(end: (pending: PendingRenewal) => void): void {
    const pending = this.#renewal;
    if (pending === null) return;
    this.#renewal = null;
    pending.timer.cancel();
    end(pending);
  }

  #flushSummary(): void {
    if (this.#summary === null || !this.#isConnected) return;
    if ((this.#line?.queuedBytes ?? 0) > queueBytesMax) return;
    this.#send({ type: "summary", body: this.#summary });
    this.#summary = null;
  }

  #send(message: ProxyMessage): void {
    if (this.#isConnected) this.#line?.send(message);
  }
}
