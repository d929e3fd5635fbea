import type { Clock } from "../base/clock.ts";
import type { DeadlineWheel } from "../base/deadline-wheel.ts";
import type { Rng } from "../base/rng.ts";
import type { RequestHead } from "../model/head.ts";
import type { SpiffeId } from "../model/identity.ts";
import type { ServiceKey } from "../model/service-key.ts";
import type { OriginTls } from "../net/origin-tls.ts";
import type { Connection, PeerVerifier, TlsCredentials, Transport } from "../net/transport.ts";
import type { BuildClientCodec } from "./session.ts";

/** Who we are towards peers, and whom we believe. */
export interface Trust {
  /** The present generation; null while there is none, and then nothing is dialled over TLS. */
  credentials(): TlsCredentials | null;
  /** Accepts a chain of our mesh whose leaf is `expected`. */
  verifier(expected: SpiffeId): PeerVerifier;
}

/** Counts connections of one kind. */
export interface ConnectionMeter {
  onOpen(connection: Connection): void;
  onClose(connection: Connection): void;
}

/** What every part of `upstream/` needs of the world. */
export interface UpstreamContext {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  readonly rng: Rng;
  readonly transport: Transport;
  /** For processes that speak TLS to the proxy beside them. Default: none can be dialled so. */
  readonly originTls?: Pick<OriginTls, "dial" | "prepare">;
  /** Null in a proxy without identity: it speaks plain to all. */
  readonly trust: Trust | null;
  /** For each version of HTTP. */
  readonly codec: BuildClientCodec;
  readonly limits: UpstreamLimits;
  /** Adds who asks to a request of our own, the first of a connection to a peer. Default: nothing is added. */
  readonly introduce?: (head: RequestHead) => void;
  /** Who counts connections for a service port; `isOwn`: those to our own application. Default nobody. */
  readonly meterOf?: (service: ServiceKey, port: number, isOwn: boolean) => ConnectionMeter | null;
}

export interface UpstreamLimits {
  /** Connections to one endpoint for one service port. Default 1024 (Envoy). Beyond it requests wait for one. */
  readonly connectionsMax: number;
  /**
   * Of these, how many are opened as soon as somebody waits. Default 256. The others only for who has waited a second: a
   * TLS connection costs 30 KB on each side, and where requests are short one is free sooner than that.
   */
  readonly eagerMax: number;
  /**
   * Connections to it that have become tunnels or are opaque from the start, besides those above. Default 16384, under the number of
   * ports that one address has for one server. Beyond it queue-full.
   */
  readonly tunnelsMax: number;
  /** Requests that may wait for a connection to it, up to 5 s. Default 1024 (Envoy). Beyond it queue-full. */
  readonly waitingMax: number;
  /** Connections to it that may be opened at a time: a handshake costs 2 ms of a core on each side. Default 16. */
  readonly dialsMax: number;
  /** Idle connections kept of them. Default 256, `eagerMax`: with fewer, each lull closes what the next moment dials. */
  readonly idleMax: number;
  /** Of these, how many may grow old. Default 16. The others close after `surplusIdleMs`: 40 KB each where TLS is spoken. */
  readonly idleKept: number;
  /** Idle time of a connection beyond `idleKept`, in ms. Default 5000: a burst's connections serve the next one. */
  readonly surplusIdleMs: number;
  /** Idle time of a connection to an application whose limit is not known yet, in ms. Default 3000 (Linkerd). */
  readonly appIdleMs: number;
  /** Idle time of a connection to a peer's proxy, which keeps them 75 s or more, in ms. Default 60000. */
  readonly peerIdleMs: number;
}

export const defaultUpstreamLimits: UpstreamLimits = {
  connectionsMax: 1024,
  eagerMax: 256,
  tunnelsMax: 16_384,
  waitingMax: 1024,
  dialsMax: 16,
  idleMax: 256,
  idleKept: 16,
  surplusIdleMs: 5000,
  appIdleMs: 3000,
  peerIdleMs: 60_000,
};
