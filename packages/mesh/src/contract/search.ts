import { type ObjectStates, rejected, unknownState } from "./object-state.ts";
import type { Obligation } from "./obligation.ts";
import { OptionalOperations } from "./optional-operations.ts";
import type { SearchBudget } from "./search-budget.ts";
import type { VerdictWord } from "./verdict.ts";

/**
 * Looks for an order in which all obligations are met: Wing and Gong (1993) with Lowe's memory of configurations
 * ("Testing for linearizability", 2017). A configuration is which operations have taken effect and the state they left; one
 * that led nowhere leads nowhere again. Depth-first over an explicit stack.
 *
 * Required operations stand in a doubly linked list of calls and returns in the order of time, calls first among equals (an
 * interval holds both its ends). Those whose call comes before the first return left may take effect next; what took
 * effect is taken out of the list, and put back on the way back.
 *
 * Three rules keep it small, and none loses an answer:
 * - A read that agrees takes effect at once, and nothing else is tried in its place: moving it forward changes no state,
 *   and frees others.
 * - Optional operations that do the same are taken in the order of their starts: the earlier may stand wherever the later may.
 * - An optional operation whose effect the very next one wipes out is not taken: without it the same is reached. A register's
 *   next write always does, so there an optional write is taken only where a read sees it at once.
 */
export function search(
  asked: readonly Obligation[],
  states: ObjectStates,
  budget: SearchBudget,
): VerdictWord {
  return new Search(asked, states, budget).run();
}

class Search {
  readonly #states: ObjectStates;
  readonly #budget: SearchBudget;
  readonly #required: readonly Obligation[];
  readonly #optional: OptionalOperations;
  readonly #isRead: readonly boolean[];
  /** Nodes: 0 to n - 1 are calls, n to 2n - 1 the returns of the same operations, 2n is the head. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #head: number;
  readonly #seen = new Set<string>();

  // The stack: what took effect, the state and `#high` before it, and whether anything else could have.
  readonly #stack: number[] = [];
  readonly #before: unknown[] = [];
  readonly #highBefore: number[] = [];
  readonly #isForced: boolean[] = [];
  #state: unknown;
  #remaining: number;
  /** The last call, in order of calls, that has taken effect. */
  #high = -1;

  constructor(asked: readonly Obligation[], states: ObjectStates, budget: SearchBudget) {
    this.#states = states;
    this.#budget = budget;
    this.#state = states.begin;
    this.#required = asked
      .filter(({ isRequired }) => isRequired)
      .sort((a, b) => a.startMs - b.startMs);
    this.#optional = new OptionalOperations(asked.filter(({ isRequired }) => !isRequired));
    this.#isRead = this.#required.map((each) => states.isRead(each));
    const count = this.#required.length;
    this.#remaining = count;
    this.#head = 2 * count;
    this.#next = new Int32Array(2 * count + 1);
    this.#previous = new Int32Array(2 * count + 1);
    this.#link();
  }

  run(): VerdictWord {
    const head = this.#head;
    const count = this.#required.length;
    for (;;) {
      const isOver = this.#readAll();
      if (isOver !== null) return isOver;
      let node = this.#next[head]!;
      let optional = 0;
      for (;;) {
        const taken = node === -1 ? null : this.#takeCall(node);
        if (taken === "undecided") return taken;
        if (taken === "taken") break;
        const other = this.#takeOptional(optional);
        if (other === "undecided") return other;
        if (other === "taken") break;
        const undone = this.#back();
        if (undone === -1) return "violated";
        node = undone < count ? this.#next[undone]! : -1;
        optional = undone < count ? 0 : undone - count + 1;
      }
    }
  }

  /** All reads that may take effect now and agree. The verdict, where this settles it. */
  #readAll(): "holds" | "undecided" | null {
    const next = this.#next;
    const count = this.#required.length;
    if (this.#state !== unknownState) {
      let node = next[this.#head]!;
      while (node < count) {
        const before = this.#previous[node]!;
        if (this.#isRead[node]) {
          if (!this.#budget.step()) return "undecided";
          if (this.#states.advance(this.#state, this.#required[node]!) !== rejected) {
            this.#lift(node);
            this.#push(node, true);
            node = next[before]!;
            continue;
          }
        }
        node = next[node]!;
      }
    }
    return this.#remaining === 0 ? "holds" : null;
  }

  /** Takes the first call, from `node` on, that leads somewhere new. */
  #takeCall(node: number): "taken" | "undecided" | null {
    const count = this.#required.length;
    for (let call = node; call < count; call = this.#next[call]!) {
      if (this.#isRead[call] && this.#state !== unknownState) continue; // `#readAll` has tried it
      if (!this.#budget.step()) return "undecided";
      const asked = this.#required[call]!;
      const after = this.#states.advance(this.#state, asked);
      if (after === rejected || this.#wipes(asked, after)) continue;
      this.#lift(call);
      const high = Math.max(this.#high, call);
      if (this.#isNew(high, after)) {
        if (!this.#budget.state()) return "undecided";
        this.#push(call, false);
        this.#state = after;
        return "taken";
      }
      this.#unlift(call);
    }
    return null;
  }

  /** Takes the first optional operation, from kind `from` on, that leads somewhere new. */
  #takeOptional(from: number): "taken" | "undecided" | null {
    const optional = this.#optional;
    if (from >= optional.kinds) return null;
    const limitMs = this.#firstReturnMs();
    for (let kind = from; kind < optional.kinds; kind++) {
      if (optional.firstStartMs(kind) > limitMs) return null; // kinds stand in the order of their first starts
      const asked = optional.nextOf(kind);
      if (asked === null || asked.startMs > limitMs) continue;
      if (!this.#budget.step()) return "undecided";
      const after = this.#states.advance(this.#state, asked);
      if (after === rejected || this.#wipes(asked, after)) continue;
      if (this.#states.fingerprint(after) === this.#states.fingerprint(this.#state)) continue;
      if (this.#states.isRegister && !this.#isSeen(after)) continue;
      optional.take(kind);
      if (this.#isNew(this.#high, after)) {
        if (!this.#budget.state()) return "undecided";
        this.#push(this.#required.length + kind, false);
        this.#state = after;
        return "taken";
      }
      optional.giveBack(kind);
    }
    return null;
  }

  /** Was the step before an optional one that leaves no trace now? */
  #wipes(asked: Obligation, after: unknown): boolean {
    const top = this.#stack.length - 1;
    if (top < 0 || this.#stack[top]! < this.#required.length) return false;
    const direct = this.#states.advance(this.#before[top], asked);
    return (
      direct !== rejected && this.#states.fingerprint(direct) === this.#states.fingerprint(after)
    );
  }

  /** Does any read that may take effect next agree with the state? */
  #isSeen(state: unknown): boolean {
    const count = this.#required.length;
    for (let call = this.#next[this.#head]!; call < count; call = this.#next[call]!) {
      if (!this.#isRead[call]) continue;
      if (this.#states.advance(state, this.#required[call]!) !== rejected) return true;
    }
    return false;
  }

  /** Undoes the last step that had alternatives, and all that it forced. What it was; -1: there is none. */
  #back(): number {
    for (;;) {
      const taken = this.#stack.pop();
      if (taken === undefined) return -1;
      this.#state = this.#before.pop();
      this.#high = this.#highBefore.pop()!;
      if (taken < this.#required.length) {
        this.#unlift(taken);
        this.#remaining++;
      } else {
        this.#optional.giveBack(taken - this.#required.length);
      }
      if (!this.#isForced.pop()) return taken;
    }
  }

  #push(taken: number, isForced: boolean): void {
    this.#stack.push(taken);
    this.#before.push(this.#state);
    this.#highBefore.push(this.#high);
    this.#isForced.push(isForced);
    if (taken < this.#required.length) {
      this.#high = Math.max(this.#high, taken);
      this.#remaining--;
    }
  }

  /**
   * Is it the first time that just these have taken effect and left this state? Written as the last call taken and the
   * holes before it, of which there are at most as many as operations at a time, however long the history.
   */
  #isNew(high: number, state: unknown): boolean {
    let configuration = `${high}`;
    for (let node = this.#next[this.#head]!; node < high; node = this.#next[node]!) {
      configuration += `,${high - node}`;
    }
    configuration += `${this.#optional.taken()}${this.#states.fingerprint(state)}`;
    const known = this.#seen.size;
    return this.#seen.add(configuration).size > known;
  }

  /** What has not taken effect by then can no longer be preceded by anything that starts later. */
  #firstReturnMs(): number {
    const count = this.#required.length;
    let node = this.#next[this.#head]!;
    while (node < count) node = this.#next[node]!;
    return this.#required[node - count]!.endMs;
  }

  #link(): void {
    const required = this.#required;
    const count = required.length;
    const returns = required.map((_, index) => index);
    returns.sort((a, b) => required[a]!.endMs - required[b]!.endMs);
    let last = this.#head;
    const append = (node: number): void => {
      this.#next[last] = node;
      this.#previous[node] = last;
      last = node;
    };
    let call = 0;
    for (const done of returns) {
      while (call < count && required[call]!.startMs <= required[done]!.endMs) append(call++);
      append(count + done);
    }
    append(this.#head);
  }

  #lift(call: number): void {
    const done = call + this.#required.length;
    this.#next[this.#previous[call]!] = this.#next[call]!;
    this.#previous[this.#next[call]!] = this.#previous[call]!;
    this.#next[this.#previous[done]!] = this.#next[done]!;
    this.#previous[this.#next[done]!] = this.#previous[done]!;
  }

  /** Steps are undone in the reverse order, so each finds its old neighbours. */
  #unlift(call: number): void {
    const done = call + this.#required.length;
    this.#next[this.#previous[done]!] = done;
    this.#previous[this.#next[done]!] = done;
    this.#next[this.#previous[call]!] = call;
    this.#previous[this.#next[call]!] = call;
  }
}
