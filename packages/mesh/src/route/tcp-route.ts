import type { Rng } from "../base/rng.ts";
import type { BackendRefDoc, TcpRouteDoc, WeightedBackendDoc } from "../model/document.ts";
import { SmoothWeighted } from "./weighted.ts";

/** Where connections of octets go: each to the backend whose turn it is. */
export class TcpRouteTable {
  /** `<kind>/<namespace>/<name>#<rule>`: how records name it. */
  readonly name: string;
  readonly #backends: SmoothWeighted<WeightedBackendDoc>;

  /** @param rng where weighted backends start; null: with the heaviest */
  constructor({ route, name, backends }: TcpRouteDoc, rng: Rng | null) {
    this.name = `${route}#${name}`;
    this.#backends = new SmoothWeighted(
      backends.map((backend) => [backend, backend.weight] as const),
      rng,
    );
  }

  /** The next connection's; or what it fails as, where that share is for nobody, or nobody has a weight. */
  next(): BackendRefDoc | "invalid-backend" | "no-endpoint" {
    const choice = this.#backends.next();
    return choice?.backend ?? choice?.fails ?? "invalid-backend";
  }
}
