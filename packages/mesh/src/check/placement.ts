import { messageId } from "../history/exchange.ts";
import { describeKey, type Placement } from "../resource/heddle/placement.ts";
import { compareAge, namespacedName, namespaceOf } from "../resource/meta.ts";
import { type Evidence, type IntentState, resourcesOf, settleMs } from "./evidence.ts";
import { type Members, membersIn, membersOf, namespaceOfKey, serviceNamed } from "./members.ts";
import { idOf, sentBy } from "./messages.ts";
import { isAsking, type Life, livesOf, type Seen } from "./records.ts";
import { type Renewal, renewalsOf } from "./renewals.ts";
import { type ConstraintReport, Findings, whileChanging } from "./report.ts";
import { isCut, queryOf, segmentsOf, wholeNumber } from "./request.ts";
import { Timeline } from "./timeline.ts";

/** What intent says of one service's keys. Equal as data: no key may move meanwhile. */
interface Placed {
  readonly name: string;
  readonly key: Placement["spec"]["key"];
  readonly whenAway: string;
  readonly slots: number;
  /** Who may keep keys: other processes, other places. */
  readonly members: readonly Members[];
}

/** Where one key was seen to be. */
interface Sighting {
  readonly seen: Seen;
  readonly process: string;
  readonly message: string;
  /** It reached the process; else it was sent to its proxy. */
  readonly isProcessed: boolean;
}

/**
 * Same key, same process, as long as intent stays the same. The key is read here from the request as recorded at the
 * process, and from what callers' proxies sent; which process it should be is nobody's business here, only that it is
 * one. A request that the process never got (`misdirected`) shows where it was sent, not where it was processed.
 */
export function checkPlacement(evidence: Evidence): ConstraintReport {
  const findings = new Findings("placement", "per key, within one constant intent", "none");
  const lives = livesOf(evidence.batches);
  for (const service of servicesPlaced(evidence)) {
    findings.ask(service);
    const keys = new PlacedKeys(evidence, lives, service, findings);
    for (const seen of lives.flatMap(({ exchanges }) => exchanges)) keys.look(seen);
    keys.judge();
  }
  return findings.report();
}

/** Where the keys of one service were seen to be. */
class PlacedKeys {
  readonly #service: string;
  readonly #findings: Findings;
  readonly #timeline: Timeline<Placed | null>;
  /** Who sent each message, by workload uid. */
  readonly #senders: ReadonlyMap<string, string>;
  readonly #renewals: readonly Renewal[];
  /** Processes of each key, by period, Placement and key. */
  readonly #places = new Map<string, Map<string, Sighting>>();

  constructor(evidence: Evidence, lives: readonly Life[], service: string, findings: Findings) {
    this.#service = service;
    this.#findings = findings;
    this.#timeline = new Timeline(evidence, (state) => placedIn(state, service));
    this.#senders = new Map(lives.flatMap(sentBy).map(({ id, seen }) => [id, seen.of.uid]));
    const { periods } = this.#timeline;
    const members = new Set(
      periods.flatMap(({ value }) => (value?.members ?? []).map(({ process }) => process)),
    );
    const keepers = lives.filter(({ workload }) => members.has(workload.replace(/-\d+$/, "")));
    this.#renewals = renewalsOf(keepers, evidence.settleMs ?? settleMs);
  }

  look(seen: Seen): void {
    for (const sighting of sightingsOf(seen, this.#service)) this.#place(sighting);
  }

  judge(): void {
    for (const [at, processes] of this.#places) {
      judge(at, this.#service, processes, this.#findings);
    }
  }

  #place(sighting: Sighting): void {
    const { seen } = sighting;
    const findings = this.#findings;
    const period = this.#timeline.during(seen.startWallMs, seen.endWallMs);
    if (period === null) {
      findings.skip(whileChanging);
      return;
    }
    if (period.value === null) return; // nothing was asked at the time
    const { name, key: by, whenAway } = period.value;
    if (whenAway === "move") {
      findings.skip("whenAway: move lets keys go elsewhere");
      return;
    }
    const isAnew = (one: Renewal) =>
      seen.endWallMs > one.fromWallMs && seen.startWallMs < one.toWallMs;
    if (this.#renewals.some(isAnew)) {
      findings.skip("a workload was being made anew");
      return;
    }
    const key = keyOf(sighting, by, this.#senders);
    if (key === unrecorded) {
      findings.skip(`the record has no ${describeKey(by)}`);
      return;
    }
    if (key === null) {
      findings.skip("no key in the request");
      return;
    }
    findings.judge();
    const renewed = this.#renewals.filter(({ toWallMs }) => toWallMs <= seen.startWallMs).length;
    const at = `${period.index}.${renewed} ${name} ${key}`;
    const processes = this.#places.get(at) ?? new Map<string, Sighting>();
    this.#places.set(at, processes);
    const before = processes.get(sighting.process);
    if (before === undefined || isPlainer(sighting, before)) {
      processes.set(sighting.process, sighting);
    }
  }
}

/** What was processed says more than what was sent, and what was first more than what came later. */
function isPlainer(one: Sighting, other: Sighting): boolean {
  if (one.isProcessed !== other.isProcessed) return one.isProcessed;
  return one.seen.startWallMs < other.seen.startWallMs;
}

function judge(
  at: string,
  service: string,
  processes: ReadonlyMap<string, Sighting>,
  findings: Findings,
): void {
  if (processes.size < 2) return;
  const all = [...processes.values()].sort(
    (a, b) =>
      Number(b.isProcessed) - Number(a.isProcessed) || a.seen.startWallMs - b.seen.startWallMs,
  );
  const [, name = "", ...rest] = at.split(" ");
  const key = rest.join(" ");
  const isProcessed = all[1]!.isProcessed;
  findings.violate({
    what: `key ${key} of ${service} was ${isProcessed ? "processed by" : "sent to"} ${all.length} processes`,
    processes: all.map(({ process }) => process),
    messages: all.map(({ message }) => message),
    about: `key ${key}`,
    expected: `one process, as Placement ${name} says`,
    found: all
      .map((one) => `${one.process} ${one.isProcessed ? "processed" : "was sent"} ${one.message}`)
      .join(", "),
    atWallMs: Math.max(all[0]!.seen.startWallMs, all[1]!.seen.startWallMs),
  });
}

/** At which processes of `service` this exchange was. */
function sightingsOf(seen: Seen, service: string): readonly Sighting[] {
  const { exchange, of } = seen;
  if (exchange.direction === "inbound") {
    const isProcessed = exchange.attempts.some(({ sentSeq }) => sentSeq > 0);
    if (exchange.service !== service || !isProcessed) return [];
    const { connection, ordinal } = exchange.front;
    const message = messageId(connection, ordinal, "request");
    return [{ seen, process: of.workload, message, isProcessed }];
  }
  if (!isAsking(seen) || exchange.backend !== service) return [];
  return exchange.attempts.flatMap((attempt) => {
    const message = idOf(attempt);
    if (message === null || attempt.sentSeq === 0) return [];
    const process = `${namespaceOfKey(service)}/${attempt.endpoint}`;
    return [{ seen, process, message, isProcessed: false }];
  });
}

const unrecorded = Symbol("unrecorded");

/** The request's key; null: it has none of the type, so that any process may answer. */
function keyOf(
  { seen: { exchange, of }, message }: Sighting,
  key: Placed["key"],
  senders: ReadonlyMap<string, string>,
): string | typeof unrecorded | null {
  const isReceived = exchange.direction === "inbound";
  let text: string | null = null;
  if (key.pathSegment !== undefined) {
    const segments = segmentsOf(exchange.path);
    if (isCut(exchange.path) && segments.length <= key.pathSegment) return unrecorded;
    text = segments[key.pathSegment - 1] ?? null;
  } else if (key.query !== undefined) {
    if (isCut(exchange.path)) return unrecorded;
    text = queryOf(exchange.path, key.query);
  } else if (key.source === true) {
    text = isReceived ? (senders.get(message) ?? null) : of.uid;
    if (text === null) return unrecorded;
  } else if (key.identity === true && isReceived) {
    text = exchange.front.peer;
  } else {
    return unrecorded;
  }
  return text === null || key.type !== "integer" ? text : wholeNumber(text);
}

function servicesPlaced({ intent }: Evidence): ReadonlySet<string> {
  return new Set(
    intent.flatMap((state) =>
      resourcesOf(state, "Placement").flatMap((placement) =>
        placement.spec.targetRefs.map(({ name }) => `${namespaceOf(placement)}/${name}`),
      ),
    ),
  );
}

/** Of several Placements on one Service the oldest holds. */
function placedIn(state: IntentState, service: string): Placed | null {
  const [placement] = resourcesOf(state, "Placement")
    .filter((one) =>
      one.spec.targetRefs.some(({ name }) => `${namespaceOf(one)}/${name}` === service),
    )
    .sort(compareAge);
  const found = serviceNamed(state, service);
  if (placement === undefined || found === undefined) return null;
  return {
    name: namespacedName(placement),
    key: placement.spec.key,
    whenAway: placement.spec.whenAway ?? "wait",
    slots: placement.spec.slots ?? 1024,
    members: membersOf(found, membersIn(state)),
  };
}
