import type { ProxyDoc } from "@heddle/mesh/model/document.ts";
import type { ServiceKey } from "@heddle/mesh/model/service-key.ts";
import type { Snapshot } from "@heddle/mesh/snapshot/snapshot.ts";

/** What the control plane knows of one proxy's grasp of the mesh. */
export interface ProxyState {
  readonly isConnected: boolean;
  /** Services used; they stay in its slice. */
  readonly wants: ReadonlySet<ServiceKey>;
  /** What it runs, by its own word; null before the first. */
  readonly acknowledged: Snapshot | null;
  /** Documents it could not act on, with the errors. */
  readonly refused: ReadonlyMap<string, readonly string[]>;
}

const unknown: ProxyState = {
  isConnected: false,
  wants: new Set(),
  acknowledged: null,
  refused: new Map(),
};

/** All proxies, by workload uid. */
export class Proxies {
  readonly #states = new Map<string, ProxyState>();

  get(uid: string): ProxyState {
    return this.#states.get(uid) ?? unknown;
  }

  update(uid: string, change: Partial<ProxyState>): void {
    this.#states.set(uid, { ...this.get(uid), ...change });
  }

  forget(uid: string): void {
    this.#states.delete(uid);
  }

  /**
   * Has every connected proxy that was told of one of `services` acknowledged this version of the endpoints or a later
   * one? Proxies that are away learn it before they are told anything else.
   */
  haveAcknowledged(services: readonly ServiceKey[], endpointsVersion: number): boolean {
    for (const { isConnected, acknowledged } of this.#states.values()) {
      if (!isConnected || acknowledged === null) continue;
      if (acknowledged.endpointsVersion >= endpointsVersion) continue;
      if (services.some((key) => acknowledged.documents.has(`endpoints/${key}`))) return false;
    }
    return true;
  }
}

/** The proxy's own document in what it acknowledged. */
export function ownDocument(snapshot: Snapshot | null): ProxyDoc | null {
  const document = snapshot?.documents.get("proxy");
  return document?.kind === "proxy" ? document : null;
}
