import { isAsking, livesOf, type Seen } from "@heddle/mesh/check/records.ts";
import { isCut } from "@heddle/mesh/check/request.ts";
import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { isOpaque, messageId } from "@heddle/mesh/history/exchange.ts";
import { type AskedRequest, Explainer, type Explanation, failOf } from "./explain.ts";
import {
  frontendFor,
  frontendsOf,
  type PlannedFrontend,
  percentWords,
  ruleName,
} from "./frontend.ts";
import type { MeshView } from "./mesh-view.ts";

/** What a change would have made of recorded requests. */
export interface Replay {
  /** Recorded requests that were asked of a service or a gateway. */
  readonly requests: number;
  /** Wall ms of the first of them; null: there is none. */
  readonly sinceWallMs: number | null;
  /** Those of which something else would have become, the most frequent first. */
  readonly changed: readonly ReplayedChange[];
  /** Those that the record does not decide, by why. */
  readonly undecided: readonly { readonly why: string; readonly requests: number }[];
}

/** Requests that share what becomes of them before and after. */
export interface ReplayedChange {
  readonly frontend: string;
  /** `404`, `default/v2:80`, `302 to …`. */
  readonly before: string;
  readonly after: string;
  /** What a proxy would answer; null: they would be forwarded. */
  readonly status: number | null;
  /** Why, for the after. */
  readonly why: string;
  readonly requests: number;
  /** The first of them. */
  readonly first: {
    readonly atWallMs: number;
    readonly method: string;
    readonly path: string;
    readonly from: string;
    /** Its message, as `heddle history` knows it; empty: it was never sent. */
    readonly id: string;
  };
}

/** The same request is asked for once. */
const rememberedMax = 20_000;

/** What becomes of one request. */
interface Outcome {
  /** Equal where the same becomes of it. */
  readonly words: string;
  readonly status: number | null;
  readonly why: string;
  readonly timeoutMs: number | null;
}

/** `words` tell all that may become of it, so that two sides can be compared even then. */
type Decided = Outcome | { readonly undecided: string; readonly words: string };

/**
 * Decides recorded requests again, before and after a change, by the matcher and the filters that proxies use. Both are decided
 * anew, so that what differs is the change alone, and nothing that was otherwise when the request was made.
 */
export class Replayer {
  readonly #sides: readonly [Side, Side];
  readonly #changed = new Map<string, { change: ReplayedChange; requests: number }>();
  readonly #undecided = new Map<string, number>();
  #requests = 0;
  #sinceWallMs: number | null = null;

  constructor(before: MeshView, after: MeshView) {
    this.#sides = [new Side(before), new Side(after)];
  }

  add(batches: readonly RecordedBatch[]): void {
    for (const { exchanges } of livesOf(batches)) {
      for (const seen of exchanges) this.#replay(seen);
    }
  }

  result(): Replay {
    const changed = [...this.#changed.values()].map(({ change, requests }) => ({
      ...change,
      requests,
    }));
    const rank = ({ status }: ReplayedChange) => (status !== null && status >= 400 ? 0 : 1);
    return {
      requests: this.#requests,
      sinceWallMs: this.#sinceWallMs,
      changed: changed.sort((a, b) => rank(a) - rank(b) || b.requests - a.requests),
      undecided: [...this.#undecided].map(([why, requests]) => ({ why, requests })),
    };
  }

  #replay(seen: Seen): void {
    const { exchange, startWallMs } = seen;
    if (!isAsking(seen) || isOpaque(exchange) || exchange.method === "") return;
    this.#requests++;
    this.#sinceWallMs = Math.min(this.#sinceWallMs ?? startWallMs, startWallMs);
    const [was, is] = this.#sides;
    const before = was.decide(seen);
    const after = is.decide(seen);
    if ("undecided" in before || "undecided" in after) {
      if (before.words === after.words) return;
      const why =
        "undecided" in after ? after.undecided : (before as { undecided: string }).undecided;
      this.#undecided.set(why, (this.#undecided.get(why) ?? 0) + 1);
      return;
    }
    const late = lateness(seen, before, after);
    if (before.words === after.words && late === null) return;
    this.#note(seen, before, late ?? after);
  }

  #note(seen: Seen, before: Outcome, after: Outcome): void {
    const { exchange, of, startWallMs } = seen;
    const frontend = frontendName(seen);
    const key = JSON.stringify([frontend, before.words, after.words, after.why]);
    const known = this.#changed.get(key);
    const isFirst = known === undefined || startWallMs < known.change.first.atWallMs;
    const sent = exchange.attempts.findLast(({ connection }) => connection !== null);
    const change: ReplayedChange = {
      frontend,
      before: before.words,
      after: after.words,
      status: after.status,
      why: after.why,
      requests: 0,
      first: {
        atWallMs: startWallMs,
        method: exchange.method,
        path: exchange.receivedPath ?? exchange.path,
        from: of.workload,
        id: sent === undefined ? "" : messageId(sent.connection!, sent.ordinal, "request"),
      },
    };
    const requests = (known?.requests ?? 0) + 1;
    this.#changed.set(key, { change: isFirst ? change : known.change, requests });
  }
}

/** Was it answered in time before, and would not be now? */
function lateness({ exchange }: Seen, before: Outcome, after: Outcome): Outcome | null {
  const { timeoutMs } = after;
  if (timeoutMs === null || after.status !== null || exchange.reason !== null) return null;
  const lastedMs = exchange.headMs - exchange.startMs;
  if (exchange.headMs < 0 || lastedMs <= timeoutMs) return null;
  if (before.timeoutMs !== null && lastedMs > before.timeoutMs) return null;
  const why = `it took ${Math.round(lastedMs)} ms, and the limit would be ${timeoutMs} ms`;
  return { words: "504", status: 504, why, timeoutMs };
}

/** One of the two meshes, and what it has decided already. */
class Side {
  readonly #explainer: Explainer;
  readonly #frontends: ReadonlyMap<string, PlannedFrontend>;
  readonly #gateways: ReadonlyMap<string, string>;
  readonly #known = new Map<string, Decided>();

  constructor(view: MeshView) {
    this.#explainer = new Explainer(view);
    this.#frontends = frontendsOf(view);
    this.#gateways = new Map(
      view.workloads.flatMap(({ uid, namespace, gateway }) =>
        gateway === null ? [] : [[uid, `${namespace}/${gateway}`] as const],
      ),
    );
  }

  decide(seen: Seen): Decided {
    const frontend = this.#frontendOf(seen);
    if (frontend === null) {
      const why = "there is no such service";
      return { words: "no such service", status: null, why, timeoutMs: null };
    }
    const request = requestOf(seen);
    const key = JSON.stringify([frontend.name, frontend.consumer, request]);
    const known = this.#known.get(key) ?? this.#decide(frontend, request);
    if (this.#known.size >= rememberedMax) this.#known.clear();
    this.#known.set(key, known);
    return known;
  }

  #decide(frontend: PlannedFrontend, request: AskedRequest): Decided {
    const { routes } = frontend;
    if (isCut(request.path) && routes !== null && readsPath(frontend)) {
      return { undecided: "its path was recorded in part", words: JSON.stringify(routes) };
    }
    const possible = this.#explainer.possibilities(frontend, request);
    const outcomes = possible.map((one) => outcomeOf(one, frontend));
    const [first] = outcomes;
    if (outcomes.every(({ words }) => words === first!.words)) return first!;
    const names = possible.flatMap(({ rule }) => (rule === null ? [] : [ruleName(rule)]));
    const why = `header fields are not recorded, and ${names[0]} looks at some`;
    return { undecided: why, words: JSON.stringify(outcomes.map(({ words }) => words)) };
  }

  #frontendOf({ exchange, of }: Seen): PlannedFrontend | null {
    const { service, servicePort } = exchange;
    if (exchange.direction === "gateway") {
      const name = this.#gateways.get(of.uid) ?? of.workload.replace(/-\d+$/, "");
      return this.#frontends.get(`gateway ${name}:${servicePort}`) ?? null;
    }
    if (service === "") return null;
    return frontendFor(this.#frontends, service, servicePort, of.namespace);
  }
}

function readsPath({ routes }: PlannedFrontend): boolean {
  return routes!.matches.some(
    ({ path, query }) => path.type !== "prefix" || path.value !== "/" || query.length > 0,
  );
}

function requestOf({ exchange, of }: Seen): AskedRequest {
  const { method, receivedPath, path, authority } = exchange;
  const source = { workloadUid: of.uid, identity: null };
  return { method, path: receivedPath ?? path, authority, fields: [], source };
}

function outcomeOf(explanation: Explanation, { service }: PlannedFrontend): Outcome {
  const { answer, destinations, rule } = explanation;
  const timeoutMs = rule?.requestTimeoutMs ?? service?.policy.requestTimeoutMs ?? null;
  if (answer !== null) {
    const to = answer.reason === "redirect" ? ` ${answer.detail}` : "";
    const by = rule === null ? "" : `${ruleName(rule)}: `;
    const why = `${by}${answer.detail}`;
    return { words: `${answer.status}${to}`, status: answer.status, why, timeoutMs };
  }
  const words = destinations.map((one) => {
    const fails = failOf(one);
    const share = destinations.length === 1 ? "" : ` ${percentWords(one.share)}`;
    const edits = one.edits.length === 0 ? "" : ` (${one.edits.join(", ")})`;
    return `${one.to}${share}${fails === null ? edits : ` (${fails.status})`}`;
  });
  const why = rule === null ? "no route" : ruleName(rule);
  return { words: words.join(", "), status: null, why, timeoutMs };
}

function frontendName({ exchange, of }: Seen): string {
  if (exchange.direction === "gateway") return `gateway of ${of.workload}:${exchange.servicePort}`;
  return `${exchange.service}:${exchange.servicePort}`;
}
