import type { Address } from "../model/address.ts";
import type { SpiffeId } from "../model/identity.ts";
import type { Connection, ConnectionEvents, TlsDialOptions } from "../net/transport.ts";
import { defaultBackendPolicy } from "../policy/backend-policy.ts";
import type { UpstreamContext } from "./context.ts";

/** What all connections to one target have in common, but for the identity's generation and the protocol. */
export interface TargetKey {
  readonly address: Address;
  /** Null: plain. */
  readonly tls: { readonly serverName: string; readonly identity: SpiffeId } | null;
}

/** How connections to one target are opened, whatever is spoken on them. */
export class Dialler {
  /** Longest wait for a TCP and TLS handshake, in ms. */
  connectTimeoutMs = defaultBackendPolicy.connectTimeoutMs;
  readonly #context: UpstreamContext;
  readonly #key: TargetKey;

  constructor(context: UpstreamContext, key: TargetKey) {
    this.#context = context;
    this.#key = key;
  }

  get isTls(): boolean {
    return this.#key.tls !== null;
  }

  /** Is TLS needed, and no certificate here to speak it with? Then nothing can be dialled. */
  get isWaitingForIdentity(): boolean {
    return this.isTls && this.#credentials() === null;
  }

  /** The identity generation of what is dialled now; 0 for plain connections. */
  get generation(): number {
    return this.isTls ? (this.#credentials()?.generation ?? 0) : 0;
  }

  /** @param alpn the protocol offered to a peer; a plain connection says nothing of it */
  dial(alpn: string, events: ConnectionEvents): Connection {
    const tls = this.#tlsOptions([alpn]);
    return this.#context.transport.dial({ address: this.#key.address, tls }, events);
  }

  #credentials() {
    return this.#context.trust?.credentials() ?? null;
  }

  #tlsOptions(alpn: readonly string[]): TlsDialOptions | null {
    const { tls } = this.#key;
    if (tls === null) return null;
    return {
      credentials: this.#credentials()!,
      serverName: tls.serverName,
      alpn,
      verify: this.#context.trust!.verifier(tls.identity),
    };
  }
}
