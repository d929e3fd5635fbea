import type { Address } from "../model/address.ts";
import type { SpiffeId } from "../model/identity.ts";
import type { BackendTlsDoc } from "../model/policy.ts";
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
  #origin: BackendTlsDoc | null = null;
  /** Grows each time our own process is spoken to otherwise. */
  #originGeneration = 0;

  constructor(context: UpstreamContext, key: TargetKey) {
    this.#context = context;
    this.#key = key;
  }

  get isTls(): boolean {
    return this.#key.tls !== null;
  }

  /** Our own process is spoken to with TLS. Null: plainly. */
  get origin(): BackendTlsDoc | null {
    return this.#origin;
  }

  set origin(doc: BackendTlsDoc | null) {
    if (JSON.stringify(doc) === JSON.stringify(this.#origin)) return;
    this.#origin = doc;
    this.#originGeneration++;
  }

  /** Is TLS needed, and no certificate here to speak it with? Then nothing can be dialled. */
  get isWaitingForIdentity(): boolean {
    return this.isTls && this.#credentials() === null;
  }

  /** The identity generation of what is dialled now; to our own process that of how it is spoken to. */
  get generation(): number {
    return this.isTls ? (this.#credentials()?.generation ?? 0) : this.#originGeneration;
  }

  /** @param alpn the protocol offered to a peer; a plain connection says nothing of it */
  dial(alpn: string, events: ConnectionEvents): Connection {
    if (this.#origin !== null && this.#context.originTls !== undefined) {
      const { serverName, ca, names } = this.#origin;
      const { address } = this.#key;
      const version = alpn === "h2" || alpn === "http/1.1" ? alpn : null;
      return this.#context.originTls.dial(
        { address, serverName, ca, names, alpn: version },
        events,
      );
    }
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
