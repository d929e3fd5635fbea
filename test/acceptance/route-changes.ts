import { type Rng, SeededRng } from "@heddle/mesh/base/rng.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { backend, httpRoute } from "../conformance/traffic/manifest.ts";

/** One change of intent, and how a probe sees that it is in force. */
export interface RouteChange {
  readonly route: Resource;
  /** False: it is deleted. */
  readonly isThere: boolean;
  readonly probe: {
    readonly path: string;
    readonly status: number;
    readonly version: string | null;
  };
}

/** The field of replies that tells which change of its route a request met. */
export const versionField = "x-change";

/**
 * Seeded changes of `steady` routes of the Service `echo`, one path each, which requests use all the time, and of others that come and go.
 * A steady route always answers; where to, by which rules, with which fields and limits changes.
 */
export class RouteChanges {
  readonly steady: number;
  readonly #rng: Rng;
  readonly #passing = new Set<string>();

  constructor(steady: number, seed: number) {
    this.steady = steady;
    this.#rng = new SeededRng(seed);
  }

  /** The `number`th change, which is of the `lane`th of `lanes`: no two of different lanes touch one route. */
  next(number: number, lane: number, lanes: number): RouteChange {
    if (this.#rng.below(5) === 0) return this.#comeOrGo(number, lane);
    const mine = Math.floor((this.steady - 1 - lane) / lanes) + 1;
    return this.change(lane + lanes * this.#rng.below(mine), number);
  }

  /** What the `index`th steady route is after a change. */
  change(index: number, number: number): RouteChange {
    const path = `/r${index}`;
    const version = String(number);
    return {
      route: httpRoute(`r${index}`, this.#rules(path, version)) as Resource,
      isThere: true,
      probe: { path, status: 200, version },
    };
  }

  #comeOrGo(number: number, lane: number): RouteChange {
    const name = `passing-${lane}`;
    const path = `/${name}`;
    const version = String(number);
    const route = httpRoute(name, this.#rules(path, version)) as Resource;
    if (this.#passing.delete(name))
      return { route, isThere: false, probe: { path, status: 404, version: null } };
    this.#passing.add(name);
    return { route, isThere: true, probe: { path, status: 200, version } };
  }

  #rules(path: string, version: string): readonly object[] {
    const rule = (match: object): object => ({
      matches: [{ path: { type: "PathPrefix", value: path }, ...match }],
      filters: this.#filters(path, version),
      backendRefs: this.#backends(),
      ...(this.#rng.below(3) === 0 ? { timeouts: { request: "10s" } } : {}),
    });
    const others = [
      { method: "POST" },
      { headers: [{ name: "x-version", value: version }] },
      { queryParams: [{ name: "version", value: version }] },
    ].filter(() => this.#rng.below(2) === 0);
    return [rule({}), ...others.map(rule)];
  }

  #filters(path: string, version: string): readonly object[] {
    const tell = {
      type: "ResponseHeaderModifier",
      responseHeaderModifier: { set: [{ name: versionField, value: version }] },
    };
    const edit = {
      type: "RequestHeaderModifier",
      requestHeaderModifier: { set: [{ name: "x-route", value: path }] },
    };
    const rewrite = {
      type: "URLRewrite",
      urlRewrite: { path: { type: "ReplacePrefixMatch", replacePrefixMatch: "/rewritten" } },
    };
    return [tell, ...[edit, rewrite].filter(() => this.#rng.below(2) === 0)];
  }

  #backends(): readonly object[] {
    const weight = this.#rng.below(101);
    return [backend("echo-v1", { weight }), backend("echo-v2", { weight: 100 - weight })];
  }
}
