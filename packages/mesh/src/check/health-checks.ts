import { namespaceOf } from "../resource/meta.ts";
import { type Evidence, resourcesOf } from "./evidence.ts";
import type { Seen } from "./records.ts";

/**
 * What callers' proxies ask by themselves, since a HealthCheck says so: they keep no record of it, and no limit holds it back. By every
 * one that there ever was, for a proxy may act on one a little after it is gone.
 */
export class HealthChecks {
  /** `default/kvs GET /health` */
  readonly #asked: ReadonlySet<string>;

  constructor({ intent }: Evidence) {
    const asked = intent
      .flatMap((state) => resourcesOf(state, "HealthCheck"))
      .flatMap((one) => {
        const { http, grpc, targetRefs } = one.spec;
        const said = [
          ...(http === undefined ? [] : [`GET ${http.path ?? "/"}`]),
          ...(grpc === undefined ? [] : ["POST /grpc.health.v1.Health/Check"]),
        ];
        return targetRefs.flatMap(({ name }) =>
          said.map((request) => `${namespaceOf(one)}/${name} ${request}`),
        );
      });
    this.#asked = new Set(asked);
  }

  /** Is it, as its receiver recorded it, such a request? Whoever else asks the same is taken for one. */
  has({ exchange }: Seen): boolean {
    const { direction, service, method, path } = exchange;
    return direction === "inbound" && this.#asked.has(`${service} ${method} ${path}`);
  }
}
