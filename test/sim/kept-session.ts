import type { EndpointsDoc, ServiceDoc } from "@heddle/mesh/model/document.ts";
import type { Supervisor } from "./supervisor.ts";

/** What holds for the caller of the shop, as its proxy has it: while it is the same thing, a session holds. */
export interface ShopState {
  readonly service: unknown;
  /** Ready, by name. */
  readonly ready: ReadonlySet<string>;
}

/** What the caller's proxy knows of the shop now; null: nothing, or its proxy is down. */
export function shopState({ workloads }: Supervisor): ShopState | null {
  for (const { spec, proxy } of workloads.values()) {
    if (!spec.name.startsWith("visitor")) continue;
    const documents = proxy?.holder.snapshot?.documents;
    const service = documents?.get("service/default/shop") as ServiceDoc | undefined;
    const endpoints = documents?.get("endpoints/default/shop") as EndpointsDoc | undefined;
    if (service === undefined || endpoints === undefined) return null;
    // An endpoint that is not well may be left, and whether it was between two looks nobody knows.
    const { health, breaker, outlier } = service.policy;
    if (health !== undefined || breaker !== undefined || outlier !== undefined) return null;
    const ready = endpoints.endpoints.filter(({ state }) => state.phase === "ready");
    return { service, ready: new Set(ready.map(({ workload }) => workload)) };
  }
  return null;
}

interface Session {
  readonly token: string;
  /** Who answered when it was given. */
  readonly endpoint: string;
  readonly state: ShopState;
}

/** The session of the caller with the shop, and whether it is kept. */
export class KeptSession {
  readonly #state: () => ShopState | null;
  readonly #violate: (what: string) => void;
  #session: Session | null = null;
  /** Is nothing struck, so that an endpoint that is there can be reached? */
  isCalm = false;
  judged = 0;

  constructor(state: () => ShopState | null, violate: (what: string) => void) {
    this.#state = state;
    this.#violate = violate;
  }

  /** What a request returns; null: no token. */
  get session(): Session | null {
    return this.#session;
  }

  /** @param asked the session at the time of the request */
  answered(id: number, asked: Session | null, token: string | null, endpoint: string): void {
    const state = this.#state();
    if (token !== null && state !== null) this.#session = { token, endpoint, state };
    if (asked === null || state === null || !this.isCalm) return;
    if (state.service !== asked.state.service || !state.ready.has(asked.endpoint)) return;
    this.judged++;
    if (endpoint === asked.endpoint) return;
    this.#violate(`op ${id}: its session is with ${asked.endpoint}, and ${endpoint} answered`);
  }
}
