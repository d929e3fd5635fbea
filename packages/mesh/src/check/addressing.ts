import { type FrontHop, messageId, type RecordedAttempt } from "../history/exchange.ts";
import { formatAddress, tcp } from "../model/address.ts";
import { parseSpiffeId } from "../model/identity.ts";
import { namespacedName } from "../resource/meta.ts";
import { type Evidence, type IntentState, settleMs } from "./evidence.ts";
import { membersIn, membersOf, namespaceOfKey, processOf, serviceNamed } from "./members.ts";
import { checkNumbering } from "./numbering.ts";
import { isAsking, type Life, livesOf, type Seen } from "./records.ts";
import { type ConstraintReport, Findings, whileChanging } from "./report.ts";
import { Timeline } from "./timeline.ts";

/** A request that one proxy sent to another's address. */
interface Sent {
  readonly id: string;
  readonly seen: Seen;
  readonly attempt: RecordedAttempt;
}

/** A request that a process's proxy received. */
interface Received {
  readonly id: string;
  readonly seen: Seen;
  readonly front: FrontHop;
}

/**
 * The addressing rule between proxies: Send•M at E1 and Recv•M at E2 imply target-address[M] = address[E2], both have
 * the same account of M, and what was sent to a service was received by a process of it, by the labels of intent. And
 * no message comes from nothing (H5): each one received was sent, each reply that came was given. A message that was
 * sent and not received is lost, which is no breach.
 *
 * It pairs both ends by message id alone, and shares nothing with `history/`'s own evaluation of the rule.
 */
export function checkAddressing(evidence: Evidence): ConstraintReport {
  const findings = new Findings("addressing", "every message between proxies", "none");
  const lives = livesOf(evidence.batches);
  const timeline = new Timeline(evidence, processesIn);
  for (const { value } of timeline.periods) for (const key of Object.keys(value)) findings.ask(key);
  checkNumbering(evidence.batches, findings);
  const sent = unique(lives.flatMap(sentBy), "sent", findings);
  const received = unique(lives.flatMap(receivedBy), "received", findings);
  const known = addressesOf(evidence, received.values());
  const ports = portsOf(evidence);
  const context: Context = { evidence, lives, findings, timeline, known, ports };
  for (const seen of lives.flatMap(({ exchanges }) => exchanges)) judgeTargets(seen, context);
  for (const send of sent.values()) {
    const recv = received.get(send.id);
    if (recv !== undefined) judgePair(send, recv, context);
    else judgeReply(send, context);
  }
  for (const recv of received.values()) {
    judgeReceiver(recv, context);
    if (!sent.has(recv.id)) judgeUnsent(recv, context);
  }
  return findings.report();
}

interface Context {
  readonly evidence: Evidence;
  readonly lives: readonly Life[];
  readonly findings: Findings;
  readonly timeline: Timeline<Processes>;
  /** Addresses at which each workload is known to be received. */
  readonly known: Addresses;
  /** Addresses at which each workload's own process listens. */
  readonly ports: Addresses;
}

type Addresses = ReadonlyMap<string, ReadonlySet<string>>;

/** Names of the Processes that realise each service. */
type Processes = Readonly<Record<string, readonly string[]>>;

function processesIn(state: IntentState): Processes {
  const members = membersIn(state);
  const services = state.resources.filter(({ kind }) => kind === "Service").map(namespacedName);
  return Object.fromEntries(
    services.map((key) => [
      key,
      membersOf(serviceNamed(state, key), members).map(({ process }) => process),
    ]),
  );
}

function sentBy(life: Life): readonly Sent[] {
  return life.exchanges.filter(isAsking).flatMap((seen) =>
    seen.exchange.attempts.flatMap((attempt): readonly Sent[] => {
      const { connection, ordinal, sentSeq } = attempt;
      if (connection === null || sentSeq === 0 || seen.exchange.backend === null) return [];
      return [{ id: messageId(connection, ordinal, "request"), seen, attempt }];
    }),
  );
}

function receivedBy(life: Life): readonly Received[] {
  return life.exchanges.flatMap((seen): readonly Received[] => {
    const { direction, front, receivedSeq } = seen.exchange;
    if (direction !== "inbound" || receivedSeq === 0) return [];
    return [{ id: messageId(front.connection, front.ordinal, "request"), seen, front }];
  });
}

/** A message is sent once and received once. */
function unique<T extends Sent | Received>(
  all: readonly T[],
  verb: string,
  findings: Findings,
): ReadonlyMap<string, T> {
  const byId = new Map<string, T>();
  for (const one of all) {
    findings.judge();
    const before = byId.get(one.id);
    if (before === undefined) {
      byId.set(one.id, one);
      continue;
    }
    const paths = [before, one].map(({ seen }) => `${seen.exchange.method} ${seen.exchange.path}`);
    violate(findings, one, `two messages were ${verb} under one id`, {
      processes: [before.seen.of.workload, one.seen.of.workload],
      expected: "one message",
      found: paths.join(" and "),
    });
  }
  return byId;
}

/** Both ends know of one message, at one address. */
function judgePair(send: Sent, recv: Received, { findings }: Context): void {
  const [from, to] = [send.seen.exchange, recv.seen.exchange];
  const processes = [send.seen.of.workload, recv.seen.of.workload];
  const { target, endpoint } = send.attempt;
  const compare = (what: string, expected: string, found: string) => {
    if (expected !== found) violate(findings, recv, what, { processes, expected, found });
  };
  compare("a message was received at another address than it was sent to", target, recv.front.own);
  compare(
    "a message was received by another process than it was meant for",
    `${namespaceOfKey(from.backend!)}/${endpoint}`,
    recv.seen.of.workload,
  );
  compare(
    "a message was received for another service than it was sent to",
    `${from.backend}:${from.backendPort}`,
    `${to.service}:${to.servicePort}`,
  );
  compare(
    "both ends tell another content of one message",
    `${from.method} ${from.path}`,
    `${to.method} ${to.path}`,
  );
}

/** What an attempt was addressed to, whether or not it got there: its address is that of the endpoint that was meant. */
function judgeTargets(seen: Seen, context: Context): void {
  for (const attempt of seen.exchange.attempts) {
    if (seen.exchange.direction === "inbound") judgeProcess(seen, attempt, context);
    else if (seen.exchange.backend !== null) judgeEndpoint(seen, attempt, context);
  }
}

/** The address belongs to the endpoint it was meant for, and that to the service. */
function judgeEndpoint(seen: Seen, attempt: RecordedAttempt, context: Context): void {
  const { findings, known, evidence, timeline } = context;
  const { exchange, of, startWallMs, endWallMs } = seen;
  const workload = `${namespaceOfKey(exchange.backend!)}/${attempt.endpoint}`;
  const at = { id: idOf(attempt), seen };
  judgeAddress(at, workload, attempt.target, { known, findings });
  const period = timeline.during(startWallMs, endWallMs);
  if (period === null) return;
  const about = exchange.backend!;
  const state = evidence.intent.findLast(({ fromWallMs }) => fromWallMs <= startWallMs);
  const process = processOf(workload, membersIn(state ?? evidence.intent[0]!), evidence)?.process;
  if (process === undefined || period.value[about]?.includes(process) !== false) return;
  violate(findings, at, `a message to ${about} was sent to ${workload}, which is none of it`, {
    processes: [of.workload, workload],
    expected: `a process of ${period.value[about].join(" or ") || "nobody"}`,
    found: workload,
  });
}

/** The last hop: a proxy hands what it received to its own process. */
function judgeProcess(seen: Seen, attempt: RecordedAttempt, { findings, ports }: Context): void {
  const at = { id: idOf(attempt), seen };
  judgeAddress(at, seen.of.workload, attempt.target, { known: ports, findings });
}

/** Another's address is a breach; one that nobody is known to have may have been anybody's. */
function judgeAddress(
  at: Pick<Sent, "seen"> & { readonly id: string | null },
  workload: string,
  target: string,
  { known, findings }: Pick<Context, "known" | "findings">,
): void {
  const own = known.get(workload);
  const other = [...known].find(([name, all]) => name !== workload && all.has(target))?.[0];
  if (own?.has(target) === true || other === undefined) return;
  violate(findings, at, `what was meant for ${workload} was sent to the address of ${other}`, {
    processes: [...new Set([at.seen.of.workload, workload, other])],
    expected: own === undefined ? `an address of ${workload}` : [...own].join(" or "),
    found: target,
  });
}

function idOf({ connection, ordinal }: RecordedAttempt): string | null {
  return connection === null ? null : messageId(connection, ordinal, "request");
}

/** The lifted rule: what is received for a service is received by a process of it. */
function judgeReceiver(recv: Received, { findings, timeline, evidence }: Context): void {
  const { exchange, of, startWallMs, endWallMs } = recv.seen;
  const period = timeline.during(startWallMs, endWallMs);
  if (period === null) {
    findings.skip(whileChanging);
    return;
  }
  const processes = period.value[exchange.service];
  const state = evidence.intent.findLast(({ fromWallMs }) => fromWallMs <= startWallMs);
  const members = membersIn(state ?? evidence.intent[0]!);
  const process = processOf(of.workload, members, evidence)?.process ?? of.workload;
  if (processes?.includes(process) === true) return;
  violate(findings, recv, `${of.workload} received what was sent to ${exchange.service}`, {
    processes: [of.workload],
    expected: `a process of ${processes?.join(" or ") || "nobody"}`,
    found: of.workload,
  });
}

/** H5 for requests: whoever sent it must have a record of it, unless something explains that it is not here. */
function judgeUnsent(recv: Received, { findings, lives, evidence }: Context): void {
  const { front } = recv;
  const namespace = front.peer === null ? null : parseSpiffeId(front.peer)?.namespace;
  const caller = front.caller === null || !namespace ? null : `${namespace}/${front.caller}`;
  const of = lives.filter(({ workload }) => workload === caller);
  const why = unseenWhy(of, recv.seen, evidence.settleMs ?? settleMs);
  if (why !== null) {
    findings.skip(why);
    return;
  }
  violate(findings, recv, `${recv.seen.of.workload} received what nobody sent`, {
    processes: [caller!, recv.seen.of.workload],
    expected: `Send•M at ${caller}/proxy`,
    found: "no record of it, and no gap that explains it",
  });
}

/** H5 for replies: one that came was given by somebody. */
function judgeReply(send: Sent, { findings, lives, evidence }: Context): void {
  const { attempt, seen } = send;
  const workload = `${namespaceOfKey(seen.exchange.backend!)}/${attempt.endpoint}`;
  if (attempt.replySeq === 0) {
    findings.skip("lost or refused: nobody received it");
    return;
  }
  const of = lives.filter(({ uid }) => uid === attempt.endpointUid);
  const why = unseenWhy(of, seen, evidence.settleMs ?? settleMs);
  if (why !== null) {
    findings.skip(why);
    return;
  }
  violate(findings, send, `${seen.of.workload} received a reply that nobody gave`, {
    processes: [workload, seen.of.workload],
    expected: `Send•M at ${workload}/proxy`,
    found: "no record of it, and no gap that explains it",
  });
}

/** Why the other end, `of`, may have no record of what `seen` tells; null: it must have one. */
function unseenWhy(of: readonly Life[], seen: Seen, patienceMs: number): string | null {
  const { startMs, endMs } = seen.exchange;
  const alive = of.filter(({ boot }) => boot === seen.of.boot);
  if (alive.length === 0) return "the other end is not recorded";
  const batches = alive.flatMap((life) => life.batches);
  const gaps = batches.flatMap(({ gaps }) => gaps);
  if (gaps.some(({ fromMs, toMs }) => fromMs <= endMs && toMs >= startMs))
    return "a gap explains it";
  // The life that was then: the last one that had begun.
  const [life] = alive
    .filter((one) => sinceMs(one) <= endMs)
    .sort((a, b) => sinceMs(b) - sinceMs(a));
  if (life === undefined) return "the other end is not recorded from so early";
  if (sinceMs(life) > startMs) return "the other end's proxy was started meanwhile";
  if (life.batches.some(({ sampledShare }) => sampledShare < 1)) return "the record is sampled";
  return life.lastMs < endMs + patienceMs ? "the other end's record is not here yet" : null;
}

function sinceMs(life: Life): number {
  return Math.min(...life.batches.map((batch) => batch.sinceMs));
}

/** Where the supervisor says each workload's proxy is, and where it was seen to receive. */
function addressesOf({ workloads }: Evidence, received: Iterable<Received>): Addresses {
  const known = new Map<string, Set<string>>();
  for (const workload of workloads) {
    const inbound = workload.status?.inbound;
    if (inbound !== undefined) add(known, namespacedName(workload), inbound);
  }
  for (const { seen, front } of received) {
    known.set(seen.of.workload, (known.get(seen.of.workload) ?? new Set()).add(front.own));
  }
  return known;
}

function portsOf({ workloads }: Evidence): Addresses {
  const known = new Map<string, Set<string>>();
  for (const workload of workloads) {
    for (const { port } of workload.status?.ports ?? []) {
      add(known, namespacedName(workload), { host: "127.0.0.1", port });
    }
  }
  return known;
}

function add(
  known: Map<string, Set<string>>,
  workload: string,
  { host, port }: { readonly host: string; readonly port: number },
): void {
  const at = formatAddress(tcp(host, port));
  known.set(workload, (known.get(workload) ?? new Set()).add(at));
}

function violate(
  findings: Findings,
  { id, seen }: { readonly id: string | null; readonly seen: Seen },
  what: string,
  rest: {
    readonly processes: readonly string[];
    readonly expected: string;
    readonly found: string;
  },
): void {
  const { exchange, startWallMs } = seen;
  const about = `${exchange.backend ?? exchange.service}:${exchange.backend === null ? exchange.servicePort : exchange.backendPort}`;
  const messages = id === null ? [] : [id];
  findings.violate({ what, messages, about, ...rest, atWallMs: startWallMs });
}
