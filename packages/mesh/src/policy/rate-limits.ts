import { isGrpc } from "../model/grpc.ts";
import type { RequestHead } from "../model/head.ts";
import type { RateLimitDoc } from "../model/policy.ts";
import type { AdmissionCaller, AdmissionRefusal } from "./admission.ts";
import { isOfRoute } from "./rule-name.ts";
import { TokenBuckets } from "./token-buckets.ts";

/** Of one limit that tells callers apart: beyond so many keys the one is forgotten that asked longest ago. */
const bucketsMax = 10_000;
/** A header's value counts by so many of its first characters. */
const keyLengthMax = 128;

/** Counts for people: what became of requests that a limit was asked about. */
export interface RateTally {
  /** By the limit's name. */
  onRefused(limit: string): void;
  /** A bucket that was not full was forgotten, because there were too many. */
  onForgotten(): void;
}

/**
 * The rate limits of a service's port, asked in order; a request needs a token of each that it falls under, and takes none where one
 * has none. Lives as long as the port: when intent changes, what was taken stays taken where a limit means the same.
 */
export class RateLimits {
  readonly #tally: RateTally;
  /** Names are unique (`<policy>[<index>]`), and so are meanings. */
  #limits: readonly Limit[] = [];

  constructor(tally: RateTally) {
    this.#tally = tally;
  }

  /** @param replicas ready ones of the service, among which limits of scope `service` are divided; 1 or more */
  apply(docs: readonly RateLimitDoc[], replicas: number, nowMs: number): void {
    const before = new Map(this.#limits.map((limit) => [limit.meaning, limit]));
    this.#limits = docs.map((doc) => {
      const kept = before.get(meaningOf(doc));
      const share = doc.scope === "service" ? replicas : 1;
      return kept === undefined ? new Limit(doc, share) : kept.changed(doc, share, nowMs);
    });
  }

  /** Null: each limit that a request falls under has a token for it; `take` takes them. */
  check(
    head: RequestHead,
    caller: AdmissionCaller,
    rule: string | null,
    nowMs: number,
  ): AdmissionRefusal | null {
    for (const limit of this.#limits) {
      if (!limit.isFor(caller, rule)) continue;
      const waitMs = limit.buckets.waitMs(limit.keyOf(head, caller), nowMs);
      if (waitMs === 0) continue;
      this.#tally.onRefused(limit.doc.name);
      return refusal(limit, waitMs, head);
    }
    return null;
  }

  /** Of a request that `check` let in, at the same time. */
  take(head: RequestHead, caller: AdmissionCaller, rule: string | null, nowMs: number): void {
    for (const limit of this.#limits) {
      if (!limit.isFor(caller, rule)) continue;
      if (limit.buckets.take(limit.keyOf(head, caller), nowMs)) this.#tally.onForgotten();
    }
  }
}

/** One limit, at this replica. */
class Limit {
  readonly doc: RateLimitDoc;
  readonly meaning: string;
  readonly buckets: TokenBuckets;
  readonly detail: string;
  readonly #identities: ReadonlySet<string> | null;

  constructor(doc: RateLimitDoc, share: number, buckets = buildBuckets(doc, share)) {
    this.doc = doc;
    this.meaning = meaningOf(doc);
    this.buckets = buckets;
    this.detail = describe(doc, share);
    this.#identities = doc.identities === null ? null : new Set(doc.identities);
  }

  /** The same buckets at another rate. */
  changed(doc: RateLimitDoc, share: number, nowMs: number): Limit {
    this.buckets.change(rateOf(doc, share), nowMs);
    return new Limit(doc, share, this.buckets);
  }

  isFor({ identity }: AdmissionCaller, rule: string | null): boolean {
    const { route } = this.doc;
    if (route !== null && (identity === null || rule === null || !isOfRoute(rule, route)))
      return false;
    return this.#identities === null || (identity !== null && this.#identities.has(identity));
  }

  keyOf(head: RequestHead, { identity }: AdmissionCaller): string {
    const { by } = this.doc;
    if (by.kind === "all") return "";
    if (by.kind === "identity") return identity ?? "";
    return (head.get(by.name) ?? "").slice(0, keyLengthMax);
  }
}

function buildBuckets(doc: RateLimitDoc, share: number): TokenBuckets {
  return new TokenBuckets({ ...rateOf(doc, share), bucketsMax });
}

/** Where a burst is less than one for each replica, each lets one come at once all the same: else it would let none. */
function rateOf({ requests, perMs, burst }: RateLimitDoc, share: number) {
  return { ratePerMs: requests / perMs / share, burst: Math.max(1, burst / share) };
}

/** What of a limit must be the same for its buckets to go on: who they are of, not how many tokens they get. */
function meaningOf({ name, route, by, identities }: RateLimitDoc): string {
  return JSON.stringify([name, route, by, identities]);
}

function describe({ name, requests, perMs, by }: RateLimitDoc, share: number): string {
  const per = perMs % 1000 === 0 ? `${perMs / 1000} s` : `${perMs} ms`;
  const each = by.kind === "all" ? "" : ` of each ${by.kind === "header" ? by.name : "identity"}`;
  const part = share === 1 ? "" : `, of which this replica has 1/${share}`;
  return `${name} lets in ${requests} per ${per}${each}${part}`;
}

/**
 * The fields of draft-ietf-httpapi-ratelimit-headers-10 and `Retry-After`, in whole seconds; for gRPC its pushback in ms. Those of its
 * early drafts (`RateLimit-Limit` and so on) mean other things by the same names in different places, and are not sent.
 */
function refusal({ doc, detail }: Limit, waitMs: number, head: RequestHead): AdmissionRefusal {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const name = `"${doc.name.slice(doc.name.lastIndexOf("/") + 1)}"`;
  const window = doc.perMs % 1000 === 0 ? `;w=${doc.perMs / 1000}` : "";
  const fields: [string, string][] = [
    ["ratelimit-policy", `${name};q=${doc.requests}${window}`],
    ["ratelimit", `${name};r=0;t=${seconds}`],
    ["retry-after", String(seconds)],
  ];
  if (isGrpc(head.get("content-type"))) {
    fields.push(["grpc-retry-pushback-ms", String(Math.ceil(waitMs))]);
  }
  return { reason: "rate-limited", detail, fields };
}
