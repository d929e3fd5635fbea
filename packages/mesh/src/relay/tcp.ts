import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { CarriedProtocol } from "../model/protocol.ts";
import type { Reason } from "../model/reason.ts";
import { readClientHello } from "../net/client-hello.ts";
import { dialledName, endText } from "../net/connection-name.ts";
import { detect } from "../net/detect.ts";
import { PlainRequestHead } from "../net/plain-head.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "../net/transport.ts";
import type { RequestPolicy } from "../policy/request-policy.ts";
import { attemptsMax } from "../policy/retry.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import { type Backend, type EndpointWaiter, slotWaitMs } from "../upstream/backend.ts";
import type { ConnectReason } from "../upstream/connect-failure.ts";
import type { PickWish } from "../upstream/pick-wish.ts";
import type { RawDial, RawDialOwner } from "../upstream/raw-dial.ts";
import type { Target } from "../upstream/target.ts";
import { recordAttempt, recordUnsent } from "./attempt-record.ts";
import type { RelayContext } from "./context.ts";
import type { Frontend, FrontendSlot, Source } from "./frontend.ts";
import { buildRecord } from "./open-record.ts";
import { Tunnel, type TunnelEnd, type TunnelFailure } from "./tunnel.ts";
import { type TunnelOwner, TunnelWatch } from "./tunnel-watch.ts";
import { wishOf } from "./wish.ts";

/** The protocol between proxies on which one connection's octets are all there is (ALPN). */
export const tcpAlpn = "heddle-tcp";

export interface TcpRelayOptions {
  readonly context: RelayContext;
  readonly slot: FrontendSlot;
  readonly source: Source;
  /** The client's connection; it is open. */
  readonly near: Connection;
  /** Which exchange of it this is, from 1: a tunnel was asked for by another one. */
  readonly ordinal: number;
  /** Told what happens before `carry`; null where that comes at once. */
  readonly suitor: TcpSuitor | null;
  /** The client's connection is gone, after `carry`. */
  readonly onClose: (connection: Connection) => void;
}

/** Who has a connection dialled before it is known whether the client speaks TCP at all. */
export interface TcpSuitor {
  /** The server has spoken first, or ended: `carry` it now. */
  onServerFirst(hasSpoken: boolean): void;
  /** There is no server to be had. `carry` fails at once, `giveUp` ends it without a word. */
  onNoServer(reason: Reason): void;
}

/** What a connection was found to carry, and why. */
export interface Carried {
  /** Null: nobody has looked; what the client says first tells whether it is TLS. */
  readonly protocol: Extract<CarriedProtocol, "tls" | "tcp"> | null;
  /** Empty: it was declared. */
  readonly detected: string;
  /** Of the ClientHello. */
  readonly serverName: string | null;
}

/** What the server name has decided: where the connection goes, or why nowhere. */
export type TcpRoute =
  | { readonly route: string; readonly backend: Backend }
  | { readonly route: string | null; readonly reason: Reason; readonly detail: string };

/** Whoever asks: placement by what a request holds says nothing of octets. */
const noRequest = new PlainRequestHead({ method: "", path: "", authority: "" });
/** A fatal alert (RFC 8446 §6, RFC 6066 §3): 112. */
const unrecognizedName: Buffer = Buffer.from([0x15, 3, 3, 0, 2, 2, 112]);
/** How long a server may take to close its side of a connection that nobody wanted, in ms. */
const closingMs = 2000;
const noOctets: Buffer = Buffer.alloc(0);

/**
 * One opaque connection, from a client's octets, or its silence, to its record.
 *
 * ```
 *           ┌──── another endpoint, while nothing was sent ───┐
 *  choosing ▼─▶ dialling ──▶ open ──carry──▶ joined ──▶ over  │
 *               └────────────┴─────────────────────────────────┘
 *  failed: nobody has been told yet, for the client may still speak HTTP
 * ```
 */
export class TcpRelay
  implements RawDialOwner, EndpointWaiter, DeadlineHandler, TunnelEnd, TunnelOwner
{
  /** The client's events, from `carry` on. */
  readonly near: ConnectionEvents;
  readonly #options: TcpRelayOptions;
  readonly #record: ExchangeRecord;
  readonly #tunnel = new Tunnel(this);
  /** While it is joined. */
  #watch: TunnelWatch | null = null;
  /** Set while one side, told that it is over, has yet to close. */
  readonly #closing: Deadline = new Deadline(this);
  #phase: "choosing" | "dialling" | "open" | "joined" | "failed" | "over" = "choosing";
  #frontend: Frontend;
  #isPending = false;
  #route: TcpRoute | null = null;
  #backend: Backend | null = null;
  #slot = -1;
  #waitUntilMs = -1;
  #target: Target | null = null;
  #avoid: Target | null = null;
  #policy: RequestPolicy | null = null;
  #wish: PickWish | null = null;
  /** Does it count in its backend's cap? */
  #isEntered = false;
  #dial: RawDial | null = null;
  #far: Connection | null = null;
  #isCarried = false;
  /** What the client said before there was a server: ours. */
  #held = noOctets;
  #hasNearEnded = false;
  /** The client's first octets are still to be looked at. */
  #isSniffing = false;
  #hasAnswered = false;
  #failure: { readonly reason: Reason; readonly detail: string } | null = null;
  /** The client was told that nobody has the name it asked for. */
  #isRefused = false;

  constructor(options: TcpRelayOptions) {
    const { context, slot, source, ordinal } = options;
    this.#options = options;
    this.#frontend = slot.frontend;
    this.near = new NearEvents(this, this.#tunnel.near);
    const record = buildRecord(context, slot.frontend, source, ordinal);
    record.sourceName = source.name;
    record.protocol = "tcp";
    this.#record = record;
  }

  /** Starts to look for a server. @param route where the server name has chosen one; null: the frontend's own backend */
  begin(route: TcpRoute | null): void {
    this.#route = route;
    const { pending } = this.#frontend;
    if (pending === null) {
      this.#enter();
      return;
    }
    this.#isPending = true;
    pending.wait(this);
  }

  /**
   * The client's octets are carried from now on; its events go to `near`.
   * @param held what it has said so far; kept, so it is the caller's no more
   */
  carry(carried: Carried, held: Buffer, hasEnded: boolean): void {
    const { context, near } = this.#options;
    const { protocol, detected, serverName } = carried;
    this.#isCarried = true;
    this.#held = held;
    this.#hasNearEnded = hasEnded;
    this.#isSniffing = protocol === null;
    this.#record.protocol = protocol ?? "tcp";
    this.#record.detected = detected;
    this.#record.authority = serverName ?? "";
    context.onBegin();
    if (this.#phase === "open") this.#join();
    else if (this.#phase === "failed") this.#fail();
    else if (this.#phase !== "over") near.pause();
  }

  /** The client speaks something else, or is gone: what was dialled for it closes, and is not spoken of. */
  giveUp(): void {
    this.#letGo();
    this.#leaveBackend();
    this.#phase = "over";
  }

  /** Ends in good order once nothing moves any more. */
  drain(): void {
    this.#watch?.drain();
  }

  // ── an endpoint, a connection ─────────────────────────────────────────────────────────────────────────────────

  #enter(): void {
    const { context, source } = this.#options;
    const { fails, gate } = this.#frontend;
    if (fails !== null) {
      this.#onFailure(fails.reason, fails.detail);
      return;
    }
    const refused = gate?.(noRequest, source) ?? null;
    if (refused !== null) {
      this.#onFailure(refused.reason, refused.detail);
      return;
    }
    const route = this.#route ?? this.#routeOctets();
    if (route !== null) this.#record.route = route.route;
    if (route !== null && "reason" in route) {
      this.#onFailure(route.reason, route.detail);
      return;
    }
    const backend = route?.backend ?? this.#frontend.backend;
    if (backend === null) {
      this.#onFailure("no-route", "nothing here is for connections that carry no HTTP");
      return;
    }
    this.#backend = backend;
    this.#record.backend = backend.service;
    this.#record.backendPort = backend.port;
    this.#frontend.budgetOf?.(backend.service).earn(context.clock.monotonicMs());
    const capped = backend.enter();
    if (capped !== null) {
      this.#onFailure(capped, `${backend.service} has as many connections as its cap allows`);
      return;
    }
    this.#isEntered = true;
    const policy = this.#frontend.policy ?? null;
    this.#policy = policy === null ? null : policy.of(backend.spec.policy);
    this.#wish = wishOf(context, backend, this.#policy, null, noRequest, source);
    this.#choose();
  }

  /** By the service's TCPRoute; null: it has none. */
  #routeOctets(): TcpRoute | null {
    const { tcpRoute = null, backendOf } = this.#frontend;
    if (tcpRoute === null) return null;
    const { name: route } = tcpRoute;
    const next = tcpRoute.next();
    if (typeof next === "object") return { route, backend: backendOf(next.service, next.port) };
    return { route, reason: next, detail: `${route} names no backend that exists` };
  }

  #choose(): void {
    this.#phase = "choosing";
    const { context, source } = this.#options;
    const backend = this.#backend!;
    const { placement } = backend;
    if (placement?.readsRequest === true && this.#frontend.direction !== "inbound") {
      const detail = `Placement ${placement.name} reads a key out of requests; octets have none`;
      this.#onFailure("unsupported", detail);
      return;
    }
    this.#slot = placement?.slotOf(noRequest, source.placement) ?? -1;
    this.#record.slot = this.#slot;
    const nowMs = context.clock.monotonicMs();
    const target = backend.pick(nowMs, this.#slot, this.#avoid, this.#wish);
    if (target !== null) {
      this.#connect(target);
      return;
    }
    if (this.#waitUntilMs < 0) this.#waitUntilMs = nowMs + slotWaitMs;
    const wish = {
      slot: this.#slot,
      untilMs: this.#waitUntilMs,
      isRetry: this.#avoid !== null,
      isPause: false,
    };
    this.#avoid = null;
    const reason = backend.wait(this, wish);
    if (reason !== null) this.#onFailure(reason, backend.describe(reason, this.#slot));
  }

  onEndpoint(): void {
    if (this.#isPending) {
      this.#isPending = false;
      this.#frontend = this.#options.slot.frontend; // its documents have come
      this.#enter();
    } else {
      this.#choose();
    }
  }

  onNoEndpoint(reason: Reason, detail: string): void {
    this.#isPending = false;
    this.#onFailure(reason, detail);
  }

  #connect(target: Target): void {
    this.#phase = "dialling";
    this.#target = target;
    target.endpoint.load.begin();
    recordAttempt(this.#record, target);
    const dial = target.dial(tcpAlpn, this);
    if (this.#phase === "dialling" && this.#target === target) this.#dial = dial;
  }

  onConnected(connection: Connection): void {
    this.#far = connection;
    this.#phase = "open";
    this.#record.connection = dialledName(connection);
    this.#record.ordinal = 1;
    this.#record.localAddress = endText(connection.local);
    if (this.#isCarried) this.#join();
  }

  onNoConnection(reason: ConnectReason, detail: string): void {
    this.#dial = null;
    this.#retryOrFail(reason, detail);
  }

  /** No octet has gone to the server: another may be asked. */
  #retryOrFail(reason: Reason, detail: string): void {
    const { context } = this.#options;
    const { budgetOf } = this.#frontend;
    this.#record.attemptReason = reason;
    const target = this.#target!;
    this.#report(reason);
    this.#leaveTarget();
    this.#stopWatching();
    const nowMs = context.clock.monotonicMs();
    const mayRetry =
      budgetOf !== null &&
      this.#record.attempts < attemptsMax &&
      budgetOf(this.#backend!.service).spend(nowMs);
    if (!mayRetry) {
      this.#onFailure(reason, detail);
      return;
    }
    const isPinned = this.#slot >= 0 && this.#backend!.isPinning;
    this.#avoid = isPinned ? null : target;
    this.#choose();
  }

  #leaveBackend(): void {
    if (this.#isEntered) this.#backend!.leave();
    this.#isEntered = false;
  }

  #leaveTarget(): void {
    const nowMs = this.#options.context.clock.monotonicMs();
    this.#target?.endpoint.load.end(null, nowMs);
    this.#target = null;
    this.#far = null;
    this.#dial = null;
  }

  // ── joined ────────────────────────────────────────────────────────────────────────────────────────────────────

  #join(): void {
    const { context, near } = this.#options;
    const far = this.#far!;
    this.#phase = "joined";
    const nowMs = context.clock.monotonicMs();
    if (this.#record.receivedSeq === 0) this.#record.receivedSeq = context.nextPlace();
    this.#record.sentMs = nowMs;
    this.#record.sentSeq = context.nextPlace();
    this.#tunnel.join(near, far);
    this.#watch = new TunnelWatch(context, this, this.#policy, this.#record.startMs);
    const held = this.#held;
    this.#held = noOctets;
    if (this.#isSniffing && held.length > 0) this.#sniff(held, 0, held.length);
    const hasRoom = held.length === 0 || this.#tunnel.forward(held, 0, held.length);
    if (this.#hasNearEnded) far.end();
    if (hasRoom) near.resume(); // else once it has
  }

  get isJoined(): boolean {
    return this.#phase === "joined";
  }

  /** Are the client's octets still to be looked at, or kept, here? */
  get isWatchingNear(): boolean {
    return this.#phase !== "joined" || this.#isSniffing;
  }

  /** The client's octets, while that is so. */
  onNearBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#phase === "over") return;
    if (this.#phase !== "joined") {
      this.#held = Buffer.concat([this.#held, bytes.subarray(start, end)]);
      return;
    }
    this.#sniff(bytes, start, end);
    this.#tunnel.forward(bytes, start, end);
  }

  #sniff(bytes: Buffer, start: number, end: number): void {
    this.#isSniffing = false;
    if (detect(bytes, start, end) !== "tls") return;
    this.#record.protocol = "tls";
    const hello = readClientHello(bytes, start, end);
    if (hello !== null && hello !== "more") this.#record.authority = hello.serverName ?? "";
  }

  /** The client has finished sending: whichever server it gets is told. */
  onNearEnd(): void {
    this.#hasNearEnded = true;
  }

  /** The client is gone before there was a server. */
  onNearClose(failure: TransportFailure | null): void {
    if (this.#isRefused) this.#options.context.wheel.clear(this.#closing);
    if (this.#phase === "over") return;
    this.#letGo();
    this.#endWith("client-gone", failure?.detail ?? "closed by the client");
  }

  onNearGone(): void {
    this.#options.onClose(this.#options.near);
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (!this.#isCarried && this.#phase === "open") this.#options.suitor?.onServerFirst(true);
    if (this.#phase !== "joined") return; // the client has gone meanwhile
    if (!this.#hasAnswered) this.#onFirstAnswer();
    this.#tunnel.far.onBytes(bytes, start, end);
  }

  onEnd(): void {
    if (!this.#isCarried && this.#phase === "open") this.#options.suitor?.onServerFirst(false);
    if (this.#phase === "joined") this.#tunnel.far.onEnd();
  }

  onDrain(): void {
    if (this.#phase === "joined") this.#tunnel.far.onDrain();
  }

  /** The server's connection is gone. */
  onClose(failure: TransportFailure | null): void {
    if (this.#phase === "over") {
      this.#options.context.wheel.clear(this.#closing);
      return;
    }
    if (failure !== null && this.#tunnel.bytes === 0 && !this.#hasNearEnded) {
      // A peer's proxy that could not reach its process, or one that has just died.
      recordUnsent(this.#record);
      if (this.#phase === "joined") this.#options.near.pause();
      this.#retryOrFail("reset", failure.detail);
    } else if (this.#phase === "joined") {
      this.#tunnel.far.onClose(failure);
    } else {
      this.#leaveTarget();
      this.#onFailure("reset", "closed before anything was said");
    }
  }

  #onFirstAnswer(): void {
    const { context } = this.#options;
    const nowMs = context.clock.monotonicMs();
    this.#hasAnswered = true;
    this.#record.replyMs = nowMs;
    this.#record.replySeq = context.nextPlace();
    this.#record.headMs = nowMs;
    this.#record.answeredSeq = context.nextPlace();
    this.#target?.onAnswer();
    this.#report(null);
  }

  /** What the connection says of its endpoint. */
  #report(reason: Reason | null): void {
    const outcome = { status: 0, grpcStatus: -1, reason, latencyMs: 0, retryAfterMs: -1 };
    this.#target?.report(outcome, this.#wish?.breakers ?? null);
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────

  get tunnelBytes(): number {
    return this.#tunnel.bytes;
  }

  onTunnelDrained(): void {
    this.#record.detail = "the proxy ends, and nothing moved";
    this.#tunnel.end();
  }

  onTunnelTooLong(detail: string): void {
    this.#record.detail = detail;
    this.#tunnel.reset();
  }

  #stopWatching(): void {
    this.#watch?.stop();
    this.#watch = null;
  }

  /** A side has not closed in time. */
  onDeadline(): void {
    if (this.#isRefused) this.#options.near.reset();
    else this.#dial?.cancel();
  }

  onTunnelEnd(_sent: number, _received: number, failure: TunnelFailure | null): void {
    if (failure === null) this.#finish();
    else this.#endWith(failure.side === "near" ? "client-gone" : "reset", failure.detail);
  }

  /** Nobody is told of it before the client has shown that it is this that it wants. */
  #onFailure(reason: Reason, detail: string): void {
    this.#phase = "failed";
    this.#failure = { reason, detail };
    if (this.#isCarried) this.#fail();
    else this.#options.suitor?.onNoServer(reason);
  }

  #fail(): void {
    const { reason, detail } = this.#failure!;
    const { near, context } = this.#options;
    this.#record.origin = "proxy";
    this.#endWith(reason, detail);
    if (reason !== "no-route" || this.#record.protocol !== "tls") {
      near.reset();
      return;
    }
    near.write(unrecognizedName, 0, unrecognizedName.length);
    near.end();
    near.resume(); // its own end is waited for
    this.#isRefused = true;
    context.wheel.set(this.#closing, closingMs);
  }

  #endWith(reason: Reason, detail: string): void {
    this.#record.reason = reason;
    this.#record.detail = detail;
    if (this.#record.attempts > 0) this.#record.attemptReason = reason;
    this.#finish();
  }

  /** Lets go of whatever it waits for. A server that was asked nothing gets a good end. */
  #letGo(): void {
    const phase = this.#phase;
    this.#phase = "over";
    if (this.#isPending) this.#frontend.pending?.cancel(this);
    else if (phase === "choosing") this.#backend?.cancel(this);
    const [dial, far] = [this.#dial, this.#far];
    this.#leaveTarget();
    if (phase === "dialling") dial?.cancel();
    if (phase !== "open") return;
    this.#dial = dial;
    far!.end();
    this.#options.context.wheel.set(this.#closing, closingMs);
  }

  #finish(): void {
    const { context } = this.#options;
    if (this.#phase === "joined") {
      this.#stopWatching();
      this.#leaveTarget();
    }
    this.#leaveBackend();
    this.#phase = "over";
    const record = this.#record;
    record.requestBytes = this.#tunnel.sentBytes;
    record.replyBytes = this.#tunnel.receivedBytes;
    record.endMs = context.clock.monotonicMs();
    if (record.reason === null && this.#tunnel.bytes === 0) {
      // A probe that connects and goes has asked nothing.
      context.onNothing();
      return;
    }
    if (record.receivedSeq === 0) record.receivedSeq = context.nextPlace();
    context.onEnd(record);
  }
}

/** The client's side: once joined its octets go straight on. */
class NearEvents implements ConnectionEvents {
  readonly #relay: TcpRelay;
  readonly #joined: ConnectionEvents;

  constructor(relay: TcpRelay, joined: ConnectionEvents) {
    this.#relay = relay;
    this.#joined = joined;
  }

  onOpen(): void {}

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#relay.isWatchingNear) this.#relay.onNearBytes(bytes, start, end);
    else this.#joined.onBytes(bytes, start, end);
  }

  onEnd(): void {
    this.#relay.onNearEnd();
    if (this.#relay.isJoined) this.#joined.onEnd();
  }

  onDrain(): void {
    if (this.#relay.isJoined) this.#joined.onDrain();
  }

  onClose(failure: TransportFailure | null): void {
    if (this.#relay.isJoined) this.#joined.onClose(failure);
    else this.#relay.onNearClose(failure);
    this.#relay.onNearGone();
  }
}
