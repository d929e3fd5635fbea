import { isOutside, isProxy, workloadOf } from "./endpoint-name.ts";
import type { EndpointName, HistoryEvent } from "./event.ts";
import { messageParts, requestIdOf } from "./exchange.ts";
import { type RecordedHistories, wallMsOf } from "./histories.ts";
import type { Unrecorded } from "./lives.ts";
import type { MessagePair } from "./pairs.ts";

/** After so long a message that nobody received is lost, in ms. */
export const lostAfterMs = 10_000;
/** Records are made when an exchange is over: so long after one end's record the other's may still be on its way, in ms. */
export const settleMs = 5000;

/** What became of a message of which one end's event is missing. */
export type Fate =
  /** sent and never received: its connection has carried later ones, or enough time has passed, recorded at the receiver */
  | "lost"
  | "in-flight" /** too young to say */
  | "unknown" /** the other end was not recorded, or not then */
  /** received, and nobody sent it, though whoever could have was recorded; or answered, and nobody received it */
  | "unexplained";

export interface Undelivered {
  readonly fate: Fate;
  /** In a few words. */
  readonly why: string;
  readonly event: HistoryEvent;
}

/**
 * Judges messages whose other end is missing. The addressing rule says nothing of them: it forbids misdelivery and does
 * not promise delivery. `nowWallMs`: when the records were read; whatever is younger may not have been written yet.
 */
export class Delivery {
  readonly #recorded: RecordedHistories;
  readonly #nowWallMs: number;
  readonly #workloads: ReadonlySet<EndpointName>;
  /** Per receiving endpoint and connection the greatest ordinal received. */
  readonly #received = new Map<string, number>();
  /** Of each request who sent it, where its reply has to go, and who was meant, from where its reply has to come. */
  readonly #askedBy = new Map<string, EndpointName>();
  /** Requests whose sender received a reply. */
  readonly #answered = new Set<string>();
  readonly #asked = new Map<string, EndpointName>();

  constructor(
    recorded: RecordedHistories,
    pairs: readonly MessagePair[],
    nowWallMs = horizonOf(recorded),
  ) {
    this.#recorded = recorded;
    this.#nowWallMs = nowWallMs;
    this.#workloads = new Set([...recorded.lives.values()].map(({ workload }) => workload));
    for (const { send, recv } of pairs) {
      if (send?.message.type === "request") {
        const { id, targetEndpoint } = send.message;
        this.#askedBy.set(id, send.endpoint);
        if (targetEndpoint !== null) this.#asked.set(id, targetEndpoint);
      }
      if (recv === null) continue;
      const { id, type } = recv.message;
      const { connection, ordinal } = messageParts(id);
      if (type === "reply") this.#answered.add(requestIdOf(id));
      const key = `${recv.endpoint} ${connection} ${type}`;
      this.#received.set(key, Math.max(ordinal, this.#received.get(key) ?? 0));
    }
  }

  /** Null: both ends are there. */
  judge({ send, recv }: MessagePair): Undelivered | null {
    if (send !== null && recv !== null) return null;
    if (send !== null) return { ...this.#ofSent(send), event: send };
    return { ...this.#ofReceived(recv!), event: recv! };
  }

  #ofSent(send: HistoryEvent): Omit<Undelivered, "event"> {
    const { message } = send;
    const receiver = message.targetEndpoint ?? this.#askedBy.get(requestIdOf(message.id)) ?? null;
    const wallMs = wallMsOf(send, this.#recorded.lives);
    if (receiver === null || !this.#workloads.has(workloadOf(receiver))) {
      const isGone = receiver !== null && isOutside(receiver) && message.type === "reply";
      if (isGone) return { fate: "lost", why: "the caller had gone" };
      return { fate: "unknown", why: `${receiver ?? message.target} is not recorded` };
    }
    if (!isProxy(receiver)) {
      if (message.type === "reply") return { fate: "lost", why: "the caller had gone" };
      return { fate: "unknown", why: "a process that never answers shows nobody what it received" };
    }
    const gap = this.#gapAt(wallMs, (each) => each.workload === workloadOf(receiver));
    if (gap !== null) return { fate: "unknown", why: `gap at ${receiver}: ${gap.reason}` };
    const { type } = message;
    const { connection, ordinal } = messageParts(message.id);
    const last = this.#received.get(`${receiver} ${connection} ${type}`) ?? 0;
    const ageMs = this.#nowWallMs - wallMs;
    // What was answered was received: its record is missing, and no gap says so.
    if (type === "request" && this.#answered.has(message.id) && !isOutside(send.endpoint)) {
      if (ageMs < settleMs)
        return { fate: "in-flight", why: "its receiver's record may be on its way" };
      if (last > ordinal || this.#lastOf(workloadOf(receiver)) > wallMs) {
        return { fate: "unexplained", why: "it was answered, and no history holds its receipt" };
      }
    }
    if (last > ordinal) return { fate: "lost", why: "its connection carried later messages" };
    if (ageMs < lostAfterMs) {
      return { fate: "in-flight", why: `sent ${Math.round(ageMs)} ms before the records end` };
    }
    // Who recorded nothing later may have died with what it had received.
    if (this.#lastOf(workloadOf(receiver)) > wallMs) {
      return { fate: "lost", why: `not received in ${lostAfterMs} ms` };
    }
    return { fate: "unknown", why: `${receiver} has recorded nothing since` };
  }

  #ofReceived(recv: HistoryEvent): Omit<Undelivered, "event"> {
    const wallMs = wallMsOf(recv, this.#recorded.lives);
    if (this.#nowWallMs - this.#endOf(recv) < settleMs) {
      return { fate: "in-flight", why: "the sender's record may be on its way" };
    }
    const { saidBy, type, id } = recv.message;
    const known = type === "request" ? saidBy : this.#asked.get(requestIdOf(id));
    const sender = known === undefined ? null : workloadOf(known);
    if (sender !== null && !this.#workloads.has(sender)) {
      return { fate: "unknown", why: `${sender} is not recorded` };
    }
    const gap = this.#gapAt(wallMs, ({ workload }) =>
      sender === null ? workload !== workloadOf(recv.endpoint) : workload === sender,
    );
    if (gap !== null) return { fate: "unknown", why: `gap at ${gap.workload}: ${gap.reason}` };
    if (sender !== null && this.#lastOf(sender) < wallMs) {
      return { fate: "unknown", why: `${sender} has recorded nothing since` };
    }
    return { fate: "unexplained", why: "no history holds its sending" };
  }

  #gapAt(wallMs: number, isMeant: (gap: Unrecorded) => boolean): Unrecorded | null {
    // What a gap hides may have begun before it; a recorder that begins has all that comes.
    const covers = ({ fromWallMs, toWallMs, reason }: Unrecorded) =>
      fromWallMs - settleMs <= wallMs && wallMs <= toWallMs + (reason === "restart" ? 0 : settleMs);
    return this.#recorded.unrecorded.find((gap) => isMeant(gap) && covers(gap)) ?? null;
  }

  /** The last moment of which a workload's proxy tells, wall ms. */
  #lastOf(workload: EndpointName): number {
    const own = [...this.#recorded.lives.values()].filter((life) => life.workload === workload);
    return Math.max(...own.map(({ untilMs, wallOffsetMs }) => untilMs + wallOffsetMs));
  }

  /** When the exchange of `event` was last heard of by its recorder. */
  #endOf(event: HistoryEvent): number {
    const own = this.#recorded.histories.get(event.endpoint)?.events ?? [];
    const same = own.findLast(
      ({ epoch, exchange }) => epoch === event.epoch && exchange === event.exchange,
    );
    return wallMsOf(same ?? event, this.#recorded.lives);
  }
}

/** The last moment of which anybody tells, wall ms. */
export function horizonOf({ histories, lives }: RecordedHistories): number {
  let last = -Infinity;
  for (const { events } of histories.values()) {
    for (const event of events) last = Math.max(last, wallMsOf(event, lives));
  }
  return last;
}
