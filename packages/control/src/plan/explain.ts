import { Placement, slotOwner } from "@heddle/mesh/balance/placement.ts";
import { runRequestFilters } from "@heddle/mesh/filter/index.ts";
import type { MatchDoc, RoutesDoc, RuleDoc } from "@heddle/mesh/model/document.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import { type Reason, reasonRow } from "@heddle/mesh/model/reason.ts";
import type { ServiceKey } from "@heddle/mesh/model/service-key.ts";
import { PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import { compileRoutes } from "@heddle/mesh/route/compile.ts";
import { type RouteTable, unroutable } from "@heddle/mesh/route/match.ts";
import type { Rule } from "@heddle/mesh/route/rule.ts";
import { type PlannedFrontend, ruleName, type Share, sharesOf } from "./frontend.ts";
import { matchWords, pathWords } from "./match-words.ts";
import type { MeshView } from "./mesh-view.ts";

/** A request that nobody has sent. */
export interface AskedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly authority: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Who asks. */
  readonly source: { readonly workloadUid: string | null; readonly identity: SpiffeId | null };
}

/** A condition of a match that the request does not meet. */
export interface Miss {
  readonly rule: string;
  /** The match it is of, in words. */
  readonly match: string;
  /** `method is GET, not PUT` */
  readonly because: readonly string[];
}

/** Where a share of such requests goes, and who would answer. */
export interface Destination extends Share {
  /** Path and authority as they are forwarded. */
  readonly path: string;
  readonly authority: string;
  /** What the filters do to it, in words. */
  readonly edits: readonly string[];
  /** An answer that a filter gives instead; null: it goes on. */
  readonly answer: Answer | null;
  /** By a Placement; null: any of the endpoints. */
  readonly placed: Placed | null;
  /** Who may answer: workloads, ready or not. */
  readonly endpoints: readonly { readonly workload: string; readonly phase: string }[];
}

export interface Placed {
  readonly placement: string;
  /** Null: the request has none, and any endpoint answers. */
  readonly key: string | null;
  readonly slot: number;
  /** Who keeps it; null: nobody. */
  readonly workload: string | null;
  readonly whenAway: string;
}

export interface Answer {
  readonly status: number;
  /** A reason's name, or what answered: `redirect`. */
  readonly reason: string;
  readonly detail: string;
}

/** Where a request goes, and why. */
export interface Explanation {
  readonly frontend: string;
  /** Whose routes they are, where they are a consumer's own. */
  readonly consumer: string | null;
  /** Null: no route is attached, so the service itself is meant. */
  readonly rule: RuleDoc | null;
  /** The match that took it, in words. */
  readonly match: string | null;
  /** Those before it that do not fit, the nearest first. */
  readonly misses: readonly Miss[];
  /** The answer a proxy gives itself, whatever the share; null: it goes on to `destinations`. */
  readonly answer: Answer | null;
  readonly destinations: readonly Destination[];
}

/** So many misses are told. */
const missesMax = 3;

/**
 * Asks the very matcher and filters of the data path, over the documents that its proxies have. What it compiles it keeps,
 * so that many requests can be asked for.
 */
export class Explainer {
  readonly #view: MeshView;
  readonly #tables = new Map<RoutesDoc, Tables>();
  readonly #rules = new Map<RuleDoc, Rule>();

  constructor(view: MeshView) {
    this.#view = view;
  }

  explain(frontend: PlannedFrontend, request: AskedRequest): Explanation {
    const { routes, consumer, name } = frontend;
    const base = { frontend: name, consumer, rule: null, match: null, misses: [] };
    if (routes === null) return { ...base, ...this.#toService(frontend, request) };
    const head = headOf(request);
    const found = this.#tablesOf(routes).whole.match(head);
    if (typeof found === "string") {
      const misses = found === "no-route" ? missesOf(routes, routes.matches.length, request) : [];
      return { ...base, misses, answer: unroutableAnswer(found), destinations: [] };
    }
    const index = indexOf(found);
    const misses = missesOf(routes, index, request);
    // What was matched is what is forwarded.
    return { ...base, misses, ...this.#byMatch(frontend, routes, index, withPath(request, head)) };
  }

  /**
   * What may become of a request of which no field is known: one explanation for each match that may have taken it, without
   * misses. One alone: that is what becomes of it.
   */
  possibilities(frontend: PlannedFrontend, request: AskedRequest): readonly Explanation[] {
    const { routes, consumer, name } = frontend;
    const base = { frontend: name, consumer, rule: null, match: null, misses: [] };
    if (routes === null) return [{ ...base, ...this.#toService(frontend, request) }];
    const tables = this.#tablesOf(routes);
    const head = headOf(request);
    const first = tables.withoutFields.match(head);
    if (typeof first === "string") {
      return [{ ...base, answer: unroutableAnswer(first), destinations: [] }];
    }
    const asked = withPath(request, head);
    const found: Explanation[] = [];
    for (let index = indexOf(first); index < routes.matches.length; index++) {
      const match = routes.matches[index]!;
      if (typeof tables.alone(index).match(headOf(asked)) === "string") continue;
      found.push({ ...base, ...this.#byMatch(frontend, routes, index, asked) });
      if (match.headers.length === 0) return found;
    }
    return [...found, { ...base, answer: unroutableAnswer("no-route"), destinations: [] }];
  }

  #toService(frontend: PlannedFrontend, request: AskedRequest) {
    const { namespace, name } = frontend.service!;
    const backend = { service: `${namespace}/${name}`, port: frontend.port };
    const to = { to: `${backend.service}:${backend.port}`, backend, fails: null, share: 1 };
    const none = { edits: [], answer: null };
    const destination = destinationOf(this.#view, to, headOf(request), request, none);
    return { answer: failOf(destination), destinations: [destination] };
  }

  #byMatch(
    frontend: PlannedFrontend,
    routes: RoutesDoc,
    index: number,
    request: AskedRequest,
  ): Pick<Explanation, "rule" | "match" | "answer" | "destinations"> {
    const match = routes.matches[index]!;
    const rule = routes.rules[match.rule]!;
    const told = { rule, match: matchWords(match) };
    if (rule.fails !== null) {
      const detail = "the rule cannot be acted on, as its conditions say";
      return { ...told, answer: failure(rule.fails, detail), destinations: [] };
    }
    return { ...told, ...this.#follow(frontend, rule, request) };
  }

  /** What the rule's filters and backends make of it. */
  #follow(
    frontend: PlannedFrontend,
    rule: RuleDoc,
    request: AskedRequest,
  ): Pick<Explanation, "answer" | "destinations"> {
    const compiled = this.#ruleOf(rule);
    const through = (head: PlainRequestHead) => {
      if (compiled.filters?.request == null) return null;
      return runRequestFilters(compiled.filters.request, head, frontend);
    };
    const reply = through(headOf(request));
    if (reply !== null) {
      const location = reply.fields.find(([name]) => name === "location")?.[1];
      const reason = location === undefined ? "filter" : "redirect";
      const detail = location === undefined ? "a filter of the rule answers" : `to ${location}`;
      return { answer: { status: reply.status, reason, detail }, destinations: [] };
    }
    const shares = sharesOf(rule.backends);
    if (shares.length === 0) {
      const answer = failure("invalid-backend", "no backend has a weight");
      return { answer, destinations: [] };
    }
    const destinations = shares.map((share): Destination => {
      const head = headOf(request);
      through(head);
      const at = rule.backends.findIndex(
        ({ backend, weight }) => weight > 0 && isSameBackend(backend, share.backend),
      );
      const own = compiled.all[at]?.filters?.request ?? null;
      const answered = own === null ? null : runRequestFilters(own, head, frontend);
      const answer =
        answered === null
          ? null
          : {
              status: answered.status,
              reason: "filter",
              detail: "a filter of the backend answers",
            };
      const more = { edits: editsOf(request, head), answer };
      return destinationOf(this.#view, share, head, request, more);
    });
    const fails = destinations.map(failOf);
    const isAll = fails.every((fail) => fail !== null);
    return { answer: isAll ? fails[0]! : null, destinations };
  }

  #tablesOf(routes: RoutesDoc): Tables {
    const known = this.#tables.get(routes) ?? new Tables(routes);
    this.#tables.set(routes, known);
    return known;
  }

  #ruleOf(rule: RuleDoc): Rule {
    const known =
      this.#rules.get(rule) ?? compileRoutes({ matches: [], rules: [rule] }, null).rules[0]!;
    this.#rules.set(rule, known);
    return known;
  }
}

/** Tables of one document in which each match has a rule of its own, named by its index. */
class Tables {
  readonly whole: RouteTable;
  readonly #matches: readonly MatchDoc[];
  readonly #alone = new Map<number, RouteTable>();
  #withoutFields: RouteTable | null = null;

  constructor({ matches }: RoutesDoc) {
    this.#matches = matches;
    this.whole = tableOf(matches);
  }

  /** As if no match looked at header fields. */
  get withoutFields(): RouteTable {
    this.#withoutFields ??= tableOf(this.#matches.map((match) => ({ ...match, headers: [] })));
    return this.#withoutFields;
  }

  /** Of one match, as if it did not look at fields. */
  alone(index: number): RouteTable {
    const known = this.#alone.get(index) ?? tableOf([{ ...this.#matches[index]!, headers: [] }]);
    this.#alone.set(index, known);
    return known;
  }
}

function tableOf(matches: readonly Omit<MatchDoc, "rule">[]): RouteTable {
  const doc = {
    matches: matches.map((match, rule) => ({ ...match, rule })),
    rules: matches.map((_, index) => ({ ...emptyRule, name: String(index) })),
  };
  return compileRoutes(doc, null);
}

function indexOf(rule: Rule): number {
  return Number(rule.name.slice(1));
}

function withPath(request: AskedRequest, { path }: PlainRequestHead): AskedRequest {
  return path === request.path ? request : { ...request, path };
}

function isSameBackend(a: Share["backend"], b: Share["backend"]): boolean {
  return a?.service === b?.service && a?.port === b?.port;
}

function unroutableAnswer(reason: keyof typeof unroutable): Answer {
  return failure(reason, unroutable[reason]);
}

function failure(reason: Reason, detail: string): Answer {
  return { status: reasonRow(reason).status, reason, detail };
}

/** Why a share is not answered by a process; null: it is, as far as one can tell. */
export function failOf(destination: Destination): Answer | null {
  const { fails, answer, endpoints, to, placed } = destination;
  if (answer !== null) return answer;
  if (fails !== null) return failure(fails, "the reference is not valid");
  if (placed?.workload != null) {
    const phase = endpoints.find(({ workload }) => workload === placed.workload)?.phase;
    if (phase === "ready" || phase === "draining" || placed.whenAway === "move") return null;
    return failure("slot-away", `${placed.workload} is away`);
  }
  if (endpoints.some(({ phase }) => phase === "ready")) return null;
  return failure("no-endpoint", `${to} has no endpoint that is ready`);
}

function destinationOf(
  view: MeshView,
  share: Share,
  head: PlainRequestHead,
  { source }: AskedRequest,
  more: Pick<Destination, "edits" | "answer">,
): Destination {
  const key: ServiceKey | null = share.backend?.service ?? null;
  const doc = key === null ? null : (view.services.get(key)?.doc ?? null);
  const { endpoints = [], slots = null } = (key === null ? null : view.endpoints.get(key)) ?? {};
  const { path, authority } = head;
  const destination = {
    ...share,
    ...more,
    path,
    authority,
    placed: null,
    endpoints: endpoints.map(({ workload, state }) => ({ workload, phase: state.phase })),
  };
  if (doc === null || doc.placement === null || slots === null) return destination;
  const placement = new Placement(doc.placement);
  const slot = placement.slotOf(head, source);
  const owner = slot === -1 ? null : slotOwner(slots, slot);
  const workload = endpoints.find(({ uid }) => uid === owner)?.workload ?? owner;
  const { name, whenAway } = placement;
  const at = placement.keyOf(head, source);
  return { ...destination, placed: { placement: name, key: at, slot, workload, whenAway } };
}

const emptyRule: RuleDoc = {
  route: "",
  name: "",
  filters: [],
  backends: [],
  requestTimeoutMs: null,
  fails: null,
};

function missesOf(routes: RoutesDoc, before: number, request: AskedRequest): readonly Miss[] {
  const misses = routes.matches.slice(0, before).map((match) => ({
    rule: ruleName(routes.rules[match.rule]!),
    match: matchWords(match),
    because: becauseOf(match, request),
  }));
  return misses.sort((a, b) => a.because.length - b.because.length).slice(0, missesMax);
}

/** Each condition is asked alone. */
function becauseOf(match: MatchDoc, request: AskedRequest): readonly string[] {
  const open: Omit<MatchDoc, "rule"> = {
    hostnames: [],
    path: { type: "prefix", value: "/" },
    method: null,
    headers: [],
    query: [],
  };
  const { hostnames, path, method, headers, query } = match;
  const because: string[] = [];
  const ask = (one: Partial<MatchDoc>, words: string) => {
    if (typeof tableOf([{ ...open, ...one }]).match(headOf(request)) === "string") {
      because.push(words);
    }
  };
  ask({ hostnames }, `host is ${request.authority || "not said"}, not ${hostnames.join(" or ")}`);
  ask({ path }, `path is not ${pathWords(path) || "/"}`);
  ask({ method }, `method is ${request.method}, not ${method}`);
  for (const header of headers) {
    const value = headOf(request).get(header.name);
    const found = value === null ? "not there" : JSON.stringify(value);
    ask({ headers: [header] }, `header ${header.name} is ${found}, not ${header.value}`);
  }
  for (const parameter of query) {
    ask({ query: [parameter] }, `query ${parameter.name} is not ${parameter.value}`);
  }
  return because;
}

function headOf({ method, path, authority, fields }: AskedRequest): PlainRequestHead {
  const lower = fields.map(([name, value]) => [name.toLowerCase(), value] as const);
  return new PlainRequestHead({ method, path, authority }, lower);
}

/** What filters have made of a head, in words. */
function editsOf(request: AskedRequest, head: PlainRequestHead): readonly string[] {
  const before = headOf(request);
  const edits: string[] = [];
  if (head.path !== before.path) edits.push(`path ${head.path}`);
  if (head.authority !== before.authority) edits.push(`host ${head.authority}`);
  const names = new Set<string>();
  const note = (name: string) => void names.add(name);
  before.each(note);
  head.each(note);
  for (const name of names) {
    const [was, is] = [valuesOf(before, name), valuesOf(head, name)];
    if (was === is) continue;
    edits.push(is === null ? `- ${name}` : `${was === null ? "+" : "~"} ${name}: ${is}`);
  }
  return edits;
}

function valuesOf(head: PlainRequestHead, name: string): string | null {
  const values: string[] = [];
  head.each((field, value) => {
    if (field === name) values.push(value);
  });
  return values.length === 0 ? null : values.join(", ");
}
