import type { Clock } from "../base/clock.ts";
import type { Address } from "../model/address.ts";
import type { SpiffeId } from "../model/identity.ts";

/**
 * The only door to the network: everything above it speaks these interfaces, so that the same codecs, relay and pools
 * run on raw handles, on `net.Socket` and in the simulator.
 *
 * Bytes received belong to the transport and are valid until the callback returns; what outlives it is copied. Bytes
 * passed to `write` are the caller's again on return; bytes passed to `writeOwned` are the transport's for ever.
 * No event comes before the call that made the connection has returned, and none after `onClose`.
 */
export interface Transport {
  /** Starts a connection; `onOpen` or `onClose` follows. The caller bounds the wait (`reset()` gives up). */
  dial(options: DialOptions, events: ConnectionEvents): Connection;
  /** Accepts connections. With TLS, `accept` is called once the peer is verified. */
  listen(options: ListenOptions, accept: Accept): Promise<Listening>;
  /** Runs `action` right after the event or call at hand; without it the microtasks of the runtime do. */
  soon?(action: () => void): void;
}

/** What every transport over a real network is made with. */
export interface TransportOptions {
  readonly clock: Clock;
  /** Longest wait for a dialler's handshake, in ms. Default 10,000; beyond it the connection is reset. */
  readonly handshakeTimeoutMs?: number;
}

export interface DialOptions {
  readonly address: Address;
  /** Null for a plain connection. */
  readonly tls: TlsDialOptions | null;
}

export interface ListenOptions {
  /** Where to bind, or a socket that is bound already (by the supervisor) and may or may not listen. */
  readonly at: Address | BoundSocket;
  readonly tls: TlsListenOptions | null;
}

/** A socket bound by somebody else; opaque but for the transport that understands `handle`. */
export interface BoundSocket {
  readonly kind: "bound";
  readonly handle: unknown;
}

export interface Listening {
  /** Where it really listens (a port 0 has been replaced). */
  readonly address: Address;
  /** Stops accepting. Connections accepted already live on. */
  close(): Promise<void>;
}

/** Called with each new connection; what it returns gets the connection's events. Null refuses it (reset). */
export type Accept = (connection: Connection) => ConnectionEvents | null;

/** `done`: the bytes are with the kernel. `queued`: stop reading the other side until `onDrain`. */
export type WriteStatus = "done" | "queued";

export interface Connection {
  readonly local: Address;
  readonly remote: Address;
  /** Who is at the other end; null on a plain connection, and before `onOpen`. */
  readonly peer: Peer | null;
  /** Bytes accepted by `write` and not yet taken by the kernel. */
  readonly queuedBytes: number;
  /** Bytes passed to `onBytes` so far; with TLS without what it adds. */
  readonly receivedBytes: number;
  /** Bytes accepted by `write` so far, sent or queued; with TLS without what it adds. */
  readonly sentBytes: number;
  /** Sends `bytes[start, end)`. Ignored after `end()` or the close. */
  write(bytes: Buffer, start: number, end: number): WriteStatus;
  /** Sends all of `bytes` without a copy; the caller never touches them again. */
  writeOwned(bytes: Buffer): WriteStatus;
  /** Finishes sending (FIN) once the queue is empty; receiving goes on. */
  end(): void;
  /** Ends both directions at once; queued bytes are dropped. `onClose(null)` follows. Safe to call twice. */
  reset(): void;
  /** Stops `onBytes` and `onEnd` until `resume`, apart from what is being delivered. */
  pause(): void;
  resume(): void;
  /**
   * All further events go to `events`; whoever had them before may be forgotten. Not within `Accept`. Where it is absent they are to
   * be passed on.
   */
  handTo?(events: ConnectionEvents): void;
}

export interface ConnectionEvents {
  /** Dialled connections only: connected and, with TLS, the peer verified. */
  onOpen(): void;
  onBytes(bytes: Buffer, start: number, end: number): void;
  /** The peer finished sending. */
  onEnd(): void;
  /** The queue is empty again after a `queued`. */
  onDrain(): void;
  /** The last event, exactly once. Null: closed in good order, or by our own `reset`. */
  onClose(failure: TransportFailure | null): void;
}

/** How the world failed a connection; `errno.ts` alone knows the operating system's words for it. */
export interface TransportFailure {
  readonly kind:
    | "refused" /** nobody listens there */
    | "unreachable" /** no route, no such socket file, address not available */
    | "reset" /** the peer tore the connection down, or it broke */
    | "timeout" /** the kernel gave up */
    | "tls" /** the handshake failed for a reason not below */
    | "identity-mismatch" /** the peer's certificate was not accepted by us, or ours by it */
    | "misdirected" /** the peer does not serve the name that was asked for */
    | "exhausted" /** out of descriptors, ports or memory on this side */;
  readonly detail: string;
}

/** A verified peer. */
export interface Peer {
  readonly id: SpiffeId;
  /** The name the dialler asked for (SNI). */
  readonly serverName: string;
  readonly alpn: string;
  readonly resumed: boolean;
  /**
   * Names this TLS session: equal at both ends, different for every handshake, resumed ones too, and unknown to anyone
   * else; 32 hex digits of exporter keying material (RFC 8446 §7.5). Message identities derive from it.
   */
  readonly channel: string;
}

/** A private key, its chain and whom it trusts: one generation. A new generation is a new object. */
export interface TlsCredentials {
  readonly generation: number;
  readonly spiffeId: SpiffeId;
  readonly keyPem: string;
  /** Leaf first, without the root. */
  readonly chainPem: string;
  readonly bundlePem: string;
}

export interface TlsDialOptions {
  readonly credentials: TlsCredentials;
  /** SNI: what is asked for. */
  readonly serverName: string;
  /** The protocols offered, best first. The peer must choose one. */
  readonly alpn: readonly string[];
  readonly verify: PeerVerifier;
}

export interface TlsListenOptions {
  /** Asked at every handshake, so that a rotation needs no new listener. */
  readonly credentials: () => TlsCredentials;
  /** The protocol to speak for `serverName`, or null to refuse it as misdirected. Asked at every handshake, resumed or not. */
  readonly selectAlpn: (serverName: string, offered: readonly string[]) => string | null;
  readonly verify: PeerVerifier;
  /** Told of each handshake that did not lead to `accept`: for counters. Default: nobody is. */
  readonly onRefused?: (failure: TransportFailure) => void;
}

/**
 * Decides on a peer's certificates (DER, leaf first), after every handshake, resumed or not. In the simulator the chain
 * is one label instead of certificates.
 */
export type PeerVerifier = (chainDer: readonly Uint8Array[]) => PeerVerdict;

export type PeerVerdict =
  | { readonly ok: true; readonly id: SpiffeId }
  | { readonly ok: false; readonly detail: string };
