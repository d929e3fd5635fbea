import type { Version } from "../snapshot/snapshot.ts";

/**
 * Between a proxy and the supervisor that started it, over Node's IPC channel (inherited, so nobody else can speak on
 * it). When the channel ends the supervisor is gone and the proxy exits. A proxy started from a file has none of this.
 */
export type ToProxy = Start | SocketPassed | Token | Drain;
export type FromProxy = TokenWanted | ProxyReady | Drained;

/** First message. Sockets follow, each with its handle. */
export interface Start {
  readonly type: "start";
  readonly workloadUid: string;
  /** Folder of its own, 0700: generation (key, leaf, bundle, snapshot) and admin socket. */
  readonly stateDir: string;
  /** `127.0.0.1:<port>` of the control plane's proxy door. */
  readonly control: { readonly host: string; readonly port: number };
}

/** A bound socket, its handle passed with the message; it may come at any time. */
export interface SocketPassed {
  readonly type: "socket";
  readonly name: string;
}

/** Answer to TokenWanted: good once, for 60 s, for this workload and this key only. */
export interface Token {
  readonly type: "token";
  readonly token: string;
  /** Whom to trust while enrolling. */
  readonly bundlePem: string;
}

/**
 * Finish what is in flight, refuse nothing that still comes, then say Drained. However long that takes: the supervisor
 * knows how long it waits, and goes on without.
 */
export interface Drain {
  readonly type: "drain";
  /** The application goes for good: callers are told to go elsewhere. Else it comes back, and connections stay. */
  readonly isFinal: boolean;
}

/** The proxy has made a key and has no valid leaf for it. Asked again after 60 s without an answer. */
export interface TokenWanted {
  readonly type: "token-wanted";
  /** SHA-256 of the key's SPKI, base64. */
  readonly keyFingerprint: string;
}

/** It listens and runs this version. */
export interface ProxyReady {
  readonly type: "ready";
  readonly version: Version;
  /** From its disk, without having reached a control plane? */
  readonly fromDisk: boolean;
}

export interface Drained {
  readonly type: "drained";
}
