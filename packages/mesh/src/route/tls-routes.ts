import type { Rng } from "../base/rng.ts";
import type { TlsRouteDoc, WeightedBackendDoc } from "../model/document.ts";
import { hostOf } from "./host.ts";
import { SmoothWeighted } from "./weighted.ts";

/** One rule of a TLSRoute, ready to act on. */
export interface TlsRule {
  /** `TLSRoute/<namespace>/<name>#<rule>`: how records name it. */
  readonly name: string;
  /** Whose turn it is; a backend that is null is an invalid reference, whose share fails as invalid-backend. `next()` null: none has a weight. */
  readonly backends: SmoothWeighted<WeightedBackendDoc["backend"]>;
}

/**
 * The TLS routes of one frontend. An exact name wins over a wildcard, a longer wildcard over a shorter one, and of two with one
 * name the first in the document (Gateway API, Listener.hostname: most to least specific).
 */
export class TlsRouteTable {
  readonly #exact: ReadonlyMap<string, TlsRule>;
  /** By suffix, `.a.b` for `*.a.b`. */
  readonly #wildcards: ReadonlyMap<string, TlsRule>;

  constructor(exact: ReadonlyMap<string, TlsRule>, wildcards: ReadonlyMap<string, TlsRule>) {
    this.#exact = exact;
    this.#wildcards = wildcards;
  }

  /**
   * The rule for a connection whose ClientHello asks for `serverName` (RFC 6066 §3). Null: none has it; nor has any rule a client
   * that names no server, for every TLSRoute names some. O(labels).
   */
  match(serverName: string | null): TlsRule | null {
    if (serverName === null) return null;
    const host = hostOf(serverName);
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    if (this.#wildcards.size === 0) return null;
    // From the longest suffix on; a wildcard stands for one label at least.
    for (let dot = host.indexOf(".", 1); dot !== -1; dot = host.indexOf(".", dot + 1)) {
      const rule = this.#wildcards.get(host.slice(dot));
      if (rule !== undefined) return rule;
    }
    return null;
  }
}

/** @param rng where weighted backends start; null: each with its heaviest */
export function compileTlsRoutes(docs: readonly TlsRouteDoc[], rng: Rng | null): TlsRouteTable {
  const exact = new Map<string, TlsRule>();
  const wildcards = new Map<string, TlsRule>();
  for (const { route, name, hostnames, backends } of docs) {
    const weighted = backends.map(({ backend, weight }) => [backend, weight] as const);
    const rule = { name: `${route}#${name}`, backends: new SmoothWeighted(weighted, rng) };
    for (const hostname of hostnames) {
      const isWildcard = hostname.startsWith("*.");
      const table = isWildcard ? wildcards : exact;
      const key = isWildcard ? hostname.slice(1) : hostname;
      if (!table.has(key)) table.set(key, rule);
    }
  }
  return new TlsRouteTable(exact, wildcards);
}
