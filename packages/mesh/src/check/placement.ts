import { messageId } from "../history/exchange.ts";
import { describeKey, type Placement } from "../resource/heddle/placement.ts";
import { compareAge, namespacedName, namespaceOf } from "../resource/meta.ts";
import { type Evidence, type IntentState, resourcesOf } from "./evidence.ts";
import { membersIn, membersOf, namespaceOfKey, serviceNamed } from "./members.ts";
import { isAsking, livesOf, type Seen } from "./records.ts";
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
  readonly members: readonly { readonly process: string; readonly replicas: number }[];
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
    const timeline = new Timeline(evidence, (state) => placedIn(state, service));
    const places = new Map<string, Map<string, Sighting>>();
    for (const life of lives) {
      for (const seen of life.exchanges) {
        for (const sighting of sightingsOf(seen, service)) {
          place(sighting, timeline, places, findings);
        }
      }
    }
    for (const [at, sightings] of places) judge(at, service, sightings, findings);
  }
  return findings.report();
}

function place(
  sighting: Sighting,
  timeline: Timeline<Placed | null>,
  places: Map<string, Map<string, Sighting>>,
  findings: Findings,
): void {
  const { seen } = sighting;
  const period = timeline.during(seen.startWallMs, seen.endWallMs);
  if (period === null) {
    findings.skip(whileChanging);
    return;
  }
  if (period.value === null) return; // nothing was asked at the time
  const { value } = period;
  if (value.whenAway === "move") {
    findings.skip("whenAway: move lets keys go elsewhere");
    return;
  }
  const key = keyOf(seen, value);
  if (key === unrecorded) {
    findings.skip(`the record has no ${describeKey(value.key)}`);
    return;
  }
  if (key === null) {
    findings.skip("no key in the request");
    return;
  }
  findings.judge();
  const at = `${period.index} ${value.name} ${key}`;
  const processes = places.get(at) ?? new Map<string, Sighting>();
  places.set(at, processes);
  const before = processes.get(sighting.process);
  const isBetter =
    before === undefined ||
    (sighting.isProcessed && !before.isProcessed) ||
    (sighting.isProcessed === before.isProcessed && seen.startWallMs < before.seen.startWallMs);
  if (isBetter) processes.set(sighting.process, sighting);
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
  return exchange.attempts.flatMap(({ endpoint, connection, ordinal, sentSeq }) => {
    if (connection === null || sentSeq === 0) return [];
    const process = `${namespaceOfKey(service)}/${endpoint}`;
    const message = messageId(connection, ordinal, "request");
    return [{ seen, process, message, isProcessed: false }];
  });
}

const unrecorded = Symbol("unrecorded");

/** The request's key; null: it has none of the type, so that any process may answer. */
function keyOf({ exchange, of }: Seen, { key }: Placed): string | typeof unrecorded | null {
  let text: string | null = null;
  if (key.pathSegment !== undefined) {
    const segments = segmentsOf(exchange.path);
    if (isCut(exchange.path) && segments.length <= key.pathSegment) return unrecorded;
    text = segments[key.pathSegment - 1] ?? null;
  } else if (key.query !== undefined) {
    if (isCut(exchange.path)) return unrecorded;
    text = queryOf(exchange.path, key.query);
  } else if (key.source === true) {
    text = exchange.direction === "inbound" ? exchange.front.caller : nameIn(of.workload);
  } else if (key.identity === true && exchange.direction === "inbound") {
    text = exchange.front.peer;
  } else {
    return unrecorded;
  }
  return text === null || key.type !== "integer" ? text : wholeNumber(text);
}

function nameIn(workload: string): string {
  return workload.slice(workload.indexOf("/") + 1);
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
    members: membersOf(found, membersIn(state)).map(({ process, replicas }) => ({
      process,
      replicas,
    })),
  };
}
