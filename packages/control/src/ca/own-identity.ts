import { generateKey } from "@heddle/mesh/identity/key.ts";
import { controlIdentity } from "@heddle/mesh/identity/well-known.ts";
import type { TlsCredentials } from "@heddle/mesh/net/transport.ts";
import type { Authority } from "./authority.ts";

/** The control plane's own key and leaf. It is its own authority, so that a new one is always to be had. */
export class OwnIdentity {
  readonly #authority: Authority;
  #trustDomain: string;
  #credentials: TlsCredentials | null = null;

  constructor(authority: Authority, trustDomain: string) {
    this.#authority = authority;
    this.#trustDomain = trustDomain;
  }

  get credentials(): TlsCredentials {
    return this.#credentials!;
  }

  /** The Mesh says which trust domain; with another one we are somebody else. */
  async follow(trustDomain: string): Promise<void> {
    if (trustDomain === this.#trustDomain) return;
    this.#trustDomain = trustDomain;
    await this.renew();
  }

  async renew(): Promise<TlsCredentials> {
    const { privatePem: keyPem, publicPem } = await generateKey();
    const spiffeId = controlIdentity(this.#trustDomain);
    const chainPem = await this.#authority.issue(spiffeId, publicPem);
    const { bundlePem } = this.#authority;
    const generation = (this.#credentials?.generation ?? 0) + 1;
    this.#credentials = { generation, spiffeId, keyPem, chainPem, bundlePem };
    return this.#credentials;
  }
}
