import { createSecureContext, type SecureContext } from "node:tls";
import type { TlsCredentials } from "./transport.ts";

/** What a client keeps to resume: the ticket, and the chain that was verified with it (a resumed handshake sends none). */
export interface TlsSession {
  readonly ticket: Buffer;
  readonly chainDer: readonly Uint8Array[];
}

/** Sessions kept for each generation; the one used longest ago goes first. */
const SESSIONS_MAX = 1024;

interface Generation {
  readonly context: SecureContext;
  readonly sessions: Map<string, TlsSession>;
}

/**
 * OpenSSL contexts and client sessions, by generation of credentials. All that a generation made goes with it: its
 * ticket keys (drawn with each context, so a server resumes nothing from before a rotation) and its sessions.
 */
export class TlsSessions {
  readonly #generations = new WeakMap<TlsCredentials, Generation>();

  /** @throws Error when key, chain or bundle are not what they should be. */
  contextOf(credentials: TlsCredentials): SecureContext {
    return this.#generationOf(credentials).context;
  }

  find(credentials: TlsCredentials, key: string): TlsSession | null {
    return this.#generationOf(credentials).sessions.get(key) ?? null;
  }

  keep(credentials: TlsCredentials, key: string, session: TlsSession): void {
    const { sessions } = this.#generationOf(credentials);
    sessions.delete(key);
    sessions.set(key, session);
    if (sessions.size <= SESSIONS_MAX) return;
    for (const oldest of sessions.keys()) {
      sessions.delete(oldest);
      break;
    }
  }

  forget(credentials: TlsCredentials, key: string): void {
    this.#generationOf(credentials).sessions.delete(key);
  }

  #generationOf(credentials: TlsCredentials): Generation {
    let generation = this.#generations.get(credentials);
    if (generation === undefined) {
      generation = { context: makeContext(credentials), sessions: new Map() };
      this.#generations.set(credentials, generation);
    }
    return generation;
  }
}

function makeContext(credentials: TlsCredentials): SecureContext {
  return createSecureContext({
    // A guest (a proxy that enrols) has no certificate yet and presents none.
    ...(credentials.keyPem === "" ? {} : { key: credentials.keyPem, cert: credentials.chainPem }),
    ca: credentials.bundlePem,
    minVersion: "TLSv1.3",
    maxVersion: "TLSv1.3",
    ecdhCurve: "X25519:P-256",
    sigalgs: "ecdsa_secp256r1_sha256",
    // Without one OpenSSL refuses to resume where client certificates are asked for.
    sessionIdContext: "heddle",
  });
}
