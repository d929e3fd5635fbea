import { Delivery, type Undelivered } from "./delivery.ts";
import { isOutside, isProxy, workloadOf } from "./endpoint-name.ts";
import type { EndpointName, HistoryEvent } from "./event.ts";
import { type RecordedHistories, wallMsOf } from "./histories.ts";
import { type MessagePair, pairsOf } from "./pairs.ts";

/**
 * Intent: was `workload` (`<namespace>/<name>`) meant to answer for `service` (`<namespace>/<name>:<port>`) at this time?
 * Null: intent of that time is not known.
 */
export type Backing = (service: string, workload: EndpointName, wallMs: number) => boolean | null;

export interface AddressingOptions {
  /** Default: nothing is known, so the rule per service is not judged. */
  readonly backing?: Backing;
  /** When the records were read, wall ms. Default: the last moment of which they tell. */
  readonly nowWallMs?: number;
}

/** A message that came where it was not meant to. */
export interface AddressingViolation {
  /**
   * `address`: target-address[M] ≠ address[E2]. `endpoint`: the address is right, and another endpoint than was meant
   * listened there. `service`: E2 answers for no such service, or received it for another.
   */
  readonly rule: "address" | "endpoint" | "service";
  /** E1, E2 and M. */
  readonly sender: EndpointName;
  readonly receiver: EndpointName;
  readonly message: string;
  readonly type: "request" | "reply";
  /** target-address[M] and address[E2]. */
  readonly targetAddress: string;
  readonly address: string;
  /** Who was meant; null: the sender knew an address only. */
  readonly meant: EndpointName | null;
  readonly service: string | null;
  readonly wallMs: number;
}

export interface AddressingReport {
  readonly verdict: "holds" | "violated" | "undecided";
  /** Messages of which both ends are recorded: those the rules speak of. */
  readonly delivered: number;
  /** Of these: both events observed by their own endpoint; one of them inferred by the proxy beside it. */
  readonly observed: number;
  readonly inferred: number;
  /** Requests whose receiver was held against intent, and those of which intent is not known. */
  readonly judgedByService: number;
  readonly unjudgedByService: number;
  readonly violations: readonly AddressingViolation[];
  readonly lost: readonly Undelivered[];
  readonly inFlight: readonly Undelivered[];
  readonly unknown: readonly Undelivered[];
  readonly unexplained: readonly Undelivered[];
}

/**
 * The addressing rule over histories, hop by hop,
 *
 *   Send•M ∈ History[E1] ∧ Recv•M ∈ History[E2] ⟹ target-address[M] = address[E2]
 *
 * with the endpoint that was meant, and the rule lifted to services: a request sent to service S is received only by a
 * process of S. It forbids misdelivery and does not promise delivery: what was lost is told apart.
 */
export function checkAddressing(
  recorded: RecordedHistories,
  { backing = () => null, nowWallMs }: AddressingOptions = {},
): AddressingReport {
  const pairs = pairsOf(recorded.histories, (event) => wallMsOf(event, recorded.lives));
  const delivery = new Delivery(recorded, pairs, nowWallMs);
  const violations: AddressingViolation[] = [];
  const undelivered: Undelivered[] = [];
  const counts = { delivered: 0, observed: 0, judged: 0, unjudged: 0 };
  const whole = wholePairs(pairs);
  for (const pair of pairs) {
    const again = pair.send === null || pair.recv === null ? whole.get(idOf(pair)) : undefined;
    if (again !== undefined) {
      const repeated = { send: pair.send ?? again.send, recv: pair.recv ?? again.recv };
      const rules = rulesBroken(repeated.send!, repeated.recv!, recorded);
      for (const rule of rules) {
        violations.push(violation(rule, repeated, wallMsOf(repeated.send!, recorded.lives)));
      }
      const event = (pair.send ?? pair.recv)!;
      const why = `its message was ${event.kind === "send" ? "sent" : "received"} once before`;
      if (rules.length === 0) undelivered.push({ fate: "unexplained", why, event });
      continue;
    }
    const missing = delivery.judge(pair);
    if (missing !== null) {
      undelivered.push(missing);
      continue;
    }
    const [send, recv] = [pair.send!, pair.recv!];
    counts.delivered++;
    if (!send.isInferred && !recv.isInferred) counts.observed++;
    const wallMs = wallMsOf(send, recorded.lives);
    for (const rule of rulesBroken(send, recv, recorded))
      violations.push(violation(rule, pair, wallMs));
    if (!isDeliveredToService(send, recv)) continue;
    const isMeant = backing(send.message.service!, workloadOf(recv.endpoint), wallMs);
    if (isMeant === null) counts.unjudged++;
    else counts.judged++;
    if (isMeant === false || isForAnother(send, recv)) {
      violations.push(violation("service", pair, wallMs));
    }
  }
  const having = (fate: Undelivered["fate"]) => undelivered.filter((each) => each.fate === fate);
  const unexplained = having("unexplained");
  const isUndecided = counts.delivered === 0 || unexplained.length > 0;
  return {
    verdict: violations.length > 0 ? "violated" : isUndecided ? "undecided" : "holds",
    delivered: counts.delivered,
    observed: counts.observed,
    inferred: counts.delivered - counts.observed,
    judgedByService: counts.judged,
    unjudgedByService: counts.unjudged,
    violations,
    lost: having("lost"),
    inFlight: having("in-flight"),
    unknown: having("unknown"),
    unexplained,
  };
}

/** Messages of which both ends are here, by ids that never come again: the rule is of every Send•M and Recv•M there is. */
function wholePairs(pairs: readonly MessagePair[]): ReadonlyMap<string, MessagePair> {
  const isWhole = (pair: MessagePair) =>
    pair.send !== null && pair.recv !== null && !idOf(pair).includes(">");
  return new Map(pairs.filter(isWhole).map((pair) => [idOf(pair), pair]));
}

function idOf({ send, recv }: MessagePair): string {
  return (send ?? recv)!.message.id;
}

function rulesBroken(
  { message: { target, targetEndpoint } }: HistoryEvent,
  recv: HistoryEvent,
  { aliases }: RecordedHistories,
): readonly ("address" | "endpoint")[] {
  if (target !== null && plain(target) !== plain(recv.address)) return ["address"];
  if (targetEndpoint === null || targetEndpoint === recv.endpoint) return [];
  return aliases.get(recv.endpoint)?.has(targetEndpoint) === true ? [] : ["endpoint"];
}

/** Is this the hop on which a request reaches a service, and not the one to the sender's own proxy? */
function isDeliveredToService(send: HistoryEvent, recv: HistoryEvent): boolean {
  if (send.message.type !== "request" || send.message.service === null) return false;
  if (isOutside(recv.endpoint)) return false;
  if (!isProxy(recv.endpoint)) return true;
  return !isOutside(send.endpoint) && workloadOf(send.endpoint) !== workloadOf(recv.endpoint);
}

function isForAnother(send: HistoryEvent, recv: HistoryEvent): boolean {
  return recv.message.service !== null && recv.message.service !== send.message.service;
}

function violation(
  rule: AddressingViolation["rule"],
  { send, recv }: MessagePair,
  wallMs: number,
): AddressingViolation {
  const { message, endpoint: sender } = send!;
  return {
    rule,
    sender,
    receiver: recv!.endpoint,
    message: message.id,
    type: message.type,
    targetAddress: message.target ?? "",
    address: recv!.address,
    meant: message.targetEndpoint,
    service: message.service,
    wallMs,
  };
}

/** A dual-stack socket says `::ffff:127.0.0.1` of what was dialled as `127.0.0.1`. */
function plain(address: string): string {
  return address.replace(/^\[::ffff:([\d.]+)\]/, "$1");
}
