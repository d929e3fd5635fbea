import type { Clock, Timer } from "./clock.ts";

/** Told when a deadline passed. An owner of several tells them apart by identity. */
export interface DeadlineHandler {
  onDeadline(deadline: Deadline): void;
}

/**
 * One reusable timer of its owner: made once, set and cleared any number of times. The links make it an element of
 * the wheel's lists without an allocation; only the wheel touches them.
 */
export class Deadline {
  readonly handler: DeadlineHandler;
  /** The wheel's own: the tick it is due at, or -1 while not set. */
  tick = -1;
  /** The wheel's own: neighbours in its slot. */
  before: Deadline | null = null;
  after: Deadline | null = null;

  constructor(handler: DeadlineHandler) {
    this.handler = handler;
  }

  get isSet(): boolean {
    return this.tick >= 0;
  }
}

/** The clock's timer wakes at least so often while anything is set: what was cleared keeps no process alive for long. */
const REST_MAX_MS = 1000;

/** Ends the slots' lists, so that unlinking needs no case for the first or the last. */
const listEnd: DeadlineHandler = { onDeadline() {} };

/**
 * Coarse timers for a data path: `set` and `clear` are O(1), allocate nothing and call nothing; one `Clock` timer
 * serves all (Varghese & Lauck 1987, scheme 6). Fires never early and up to one tick late; deadlines of one tick in
 * the order in which they were set.
 * The clock's timer runs only while something is set, and up to a second longer.
 *
 * ```
 *  slot = tick mod slots      [·]  [d5 d133]  [·]  [d7] …      128 slots: 133 = 5 + one turn, waits for its turn
 * ```
 */
export class DeadlineWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #startMs: number;
  readonly #restTicks: number;
  readonly #slots: readonly Deadline[];
  readonly #due = makeList();
  #tick = 0;
  #count = 0;
  #timer: Timer | null = null;
  #timerTick = 0;
  readonly #wake = (): void => this.#onWake();

  /** @param tickMs the grain of time, in ms. Default 10. @param slots how many ticks one turn has. Default 512. */
  constructor(clock: Clock, tickMs = 10, slots = 512) {
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#startMs = clock.monotonicMs();
    this.#restTicks = Math.max(1, Math.ceil(REST_MAX_MS / tickMs));
    this.#slots = Array.from({ length: slots }, makeList);
  }

  /** How many deadlines are set. */
  get size(): number {
    return this.#count;
  }

  /** Fires `deadline` once, `delayMs` from now at the earliest; a deadline set before moves. */
  set(deadline: Deadline, delayMs: number): void {
    this.clear(deadline);
    const nowMs = this.#clock.monotonicMs() - this.#startMs;
    if (this.#count === 0) this.#tick = Math.max(this.#tick, Math.floor(nowMs / this.#tickMs));
    const dueMs = nowMs + Math.max(0, delayMs);
    const tick = Math.max(this.#tick + 1, Math.ceil(dueMs / this.#tickMs));
    deadline.tick = tick;
    append(this.#slots[tick % this.#slots.length]!, deadline);
    this.#count++;
    if (this.#timer === null || tick < this.#timerTick) this.#arm(tick);
  }

  /** Does nothing for a deadline that is not set. The clock's timer is left to find out: clearing is the usual case. */
  clear(deadline: Deadline): void {
    if (deadline.tick < 0) return;
    deadline.tick = -1;
    unlink(deadline);
    this.#count--;
  }

  #arm(dueTick: number): void {
    this.#timer?.cancel();
    const tick = Math.min(dueTick, this.#tick + this.#restTicks);
    this.#timerTick = tick;
    const delayMs = this.#startMs + tick * this.#tickMs - this.#clock.monotonicMs();
    this.#timer = this.#clock.after(delayMs, this.#wake);
  }

  #onWake(): void {
    this.#timer = null;
    const slots = this.#slots;
    const now = Math.floor((this.#clock.monotonicMs() - this.#startMs) / this.#tickMs);
    // After a long sleep every slot is visited once, not every tick.
    const first = Math.max(this.#tick + 1, now - slots.length + 1);
    this.#tick = Math.max(this.#tick, now);
    for (let tick = first; tick <= now; tick++) this.#fire(slots[tick % slots.length]!, now);
    if (this.#count > 0) this.#armNext();
  }

  #fire(list: Deadline, now: number): void {
    // What is due moves to a list of its own first: a handler may then clear its neighbours, or set new ones, in
    // either list, and those of later turns are looked at once.
    const due = this.#due;
    for (let deadline = list.after!; deadline !== list; ) {
      const following = deadline.after!;
      if (deadline.tick <= now) {
        unlink(deadline);
        append(due, deadline);
      }
      deadline = following;
    }
    while (due.after !== due) {
      const deadline = due.after!;
      this.clear(deadline);
      deadline.handler.onDeadline(deadline);
    }
  }

  /** The next slot that holds anything, at most one turn ahead; a deadline of a later turn costs one wake a turn. */
  #armNext(): void {
    const slots = this.#slots;
    for (let ahead = 1; ahead <= slots.length; ahead++) {
      const list = slots[(this.#tick + ahead) % slots.length]!;
      if (list.after === list) continue;
      const tick = this.#tick + ahead;
      if (this.#timer === null || tick < this.#timerTick) this.#arm(tick);
      return;
    }
  }
}

function makeList(): Deadline {
  const list = new Deadline(listEnd);
  list.before = list;
  list.after = list;
  return list;
}

function append(list: Deadline, deadline: Deadline): void {
  const last = list.before!;
  deadline.before = last;
  deadline.after = list;
  last.after = deadline;
  list.before = deadline;
}

function unlink(deadline: Deadline): void {
  deadline.before!.after = deadline.after;
  deadline.after!.before = deadline.before;
  deadline.before = null;
  deadline.after = null;
}
