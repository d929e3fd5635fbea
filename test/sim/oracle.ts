import type { ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";
import { Histories, type Judgement, type ProxyLifeName } from "./histories.ts";
import { MessageNames } from "./message-names.ts";
import { type Ending, mayRepeat, type Operation, spokenTo } from "./operation.ts";
import { patternFault } from "./pattern.ts";

/** What is known of one operation: by the caller, by the processes that received it, by the proxies in between. */
interface Trail {
  readonly operation: Operation;
  readonly startMs: number;
  ending: Ending | null;
  endMs: number;
  /** Names of the processes at which its head arrived, in order. */
  readonly delivered: string[];
  readonly executed: string[];
  copies: number;
  /** The caller's proxy had sent the reply's head on. */
  hasReplyBegun: boolean;
  /** As the caller's proxy counted them. */
  attempts: number;
  /** The key's only process while the operation ran; null: any, or it changed. */
  owner: string | null;
  /** The same as it was when the operation began, for runs in which slots never move. */
  readonly keeper: string | null;
  /** Its keeper was down at some time meanwhile. */
  wasKeeperDown: boolean;
}

/** A copy of a request that its caller's proxy sent: nobody asked for it, and nobody hears of its reply. */
function isCopyRecord({ direction, frontOrdinal }: ExchangeRecord): boolean {
  return direction === "outbound" && frontOrdinal === 0;
}

/**
 * What asks the shop arrives so often at most: by as many attempts of its caller's proxy as any policy here grants, the free ones
 * included, of which each is repeated by the proxy beside the process.
 */
const deliveriesMax = 8;

type Check =
  | "POST once"
  | "copies"
  | "key at its owner"
  | "octets"
  | "answer by whom it was sent to"
  | "trailers"
  | "version kept or translated"
  | "message named alike at both ends";

/**
 * Watches from outside: it is told what was asked, what each process received and what each proxy recorded, and says
 * where they contradict one another. It knows nothing of routes, pickers or tables.
 */
export class Oracle {
  readonly violations: string[] = [];
  /** What every proxy recorded. */
  readonly histories = new Histories();
  readonly #trails = new Map<number, Trail>();
  readonly #nowMs: () => number;
  readonly #note: (line: string) => void;
  /** Is intent what it was at first, and nothing struck? */
  isAtRest = false;
  /** Operations that `expectOthersUnharmed` judged. */
  judged = 0;
  readonly #down = new Set<string>();
  #open = 0;
  readonly endings = new Map<string, number>();
  /** How often each promise was put to the test: one that never was has not been kept. */
  readonly checks: Record<Check, number> & Record<string, number> = {
    "POST once": 0,
    copies: 0,
    "key at its owner": 0,
    octets: 0,
    "answer by whom it was sent to": 0,
    trailers: 0,
    "version kept or translated": 0,
    "message named alike at both ends": 0,
  };
  readonly #names = new MessageNames((what) => this.violate(what));

  constructor(nowMs: () => number, note: (line: string) => void) {
    this.#nowMs = nowMs;
    this.#note = note;
  }

  /** Operations that have begun and not ended. */
  get open(): number {
    return this.#open;
  }

  get count(): number {
    return this.#trails.size;
  }

  begin(operation: Operation, owner: string | null): void {
    this.#open++;
    this.#trails.set(operation.id, {
      operation,
      startMs: this.#nowMs(),
      ending: null,
      endMs: -1,
      delivered: [],
      executed: [],
      copies: 0,
      hasReplyBegun: false,
      attempts: 0,
      owner,
      keeper: owner,
      wasKeeperDown: owner !== null && this.#down.has(owner),
    });
  }

  /** A process of the application ended, or is there again. */
  process(name: string, isUp: boolean): void {
    if (isUp) {
      this.#down.delete(name);
      return;
    }
    this.#down.add(name);
    for (const trail of this.#trails.values()) {
      if (trail.ending === null && trail.keeper === name) trail.wasKeeperDown = true;
    }
  }

  /** Every operation on a key whose process was up all the time was answered by the application. */
  expectOthersUnharmed(): void {
    let judged = 0;
    for (const { operation, ending, keeper, wasKeeperDown } of this.#trails.values()) {
      if (ending === null || keeper === null || wasKeeperDown) continue;
      judged++;
      if (ending.kind === "answered" && ending.reason === null) continue;
      const what = ending.kind === "answered" ? `${ending.status} ${ending.reason}` : ending.kind;
      this.violate(`op ${operation.id}: ${keeper} was up all the time, and the answer was ${what}`);
    }
    this.judged = judged;
  }

  /** Placement changed hands or rules: what runs now may rightly go either way. */
  forgetOwners(): void {
    for (const trail of this.#trails.values()) if (trail.ending === null) trail.owner = null;
  }

  delivered(id: number, method: string, key: number, process: string): void {
    const trail = this.#trailOf(id, `delivered to ${process}`);
    if (trail === null) return;
    const { operation, owner } = trail;
    this.#note(`op ${id} delivered to ${process}`);
    trail.delivered.push(process);
    if (method !== operation.method || key !== operation.key) {
      this.violate(
        `op ${id}: ${process} got ${method} ${key}, asked was ${operation.method} ${operation.key}`,
      );
    }
    const { delivered } = trail;
    if (!mayRepeat(operation)) {
      this.checks["POST once"]++;
      if (delivered.length > 1) this.violate(`op ${id}: a POST reached ${delivered.join(" and ")}`);
    }
    if (operation.service === "shop" && delivered.length > deliveriesMax) {
      this.violate(`op ${id}: it was asked ${delivered.length} times`);
    }
    if (owner === null || trail.ending !== null) return;
    this.checks["key at its owner"]++;
    if (owner !== process) {
      this.violate(`op ${id}: key ${key} belongs to ${owner} and reached ${process}`);
    }
  }

  /** `process` was asked in `version`. Routes may lead to a port that declares something else than the one that was asked. */
  spoken(id: number, version: string, process: string): void {
    const operation = this.#trails.get(id)?.operation;
    if (operation === undefined) return;
    this.checks["version kept or translated"]++;
    if (version === spokenTo(operation)) return;
    const { entry, service } = operation;
    if (version === operation.version && (!this.isAtRest || service === "shop")) return;
    this.violate(`op ${id}: ${process} was asked in ${version} by ${operation.version} (${entry})`);
  }

  /** The trailer of a message that has one. */
  tail(id: number, expected: string, found: string | null): void {
    this.checks.trailers++;
    if (found !== expected) this.violate(`op ${id}: trailer ${found}, sent was ${expected}`);
  }

  /** A copy has come: one for each request at most, and of no request of another rule. */
  copied(id: number): void {
    const trail = this.#trailOf(id, "copied");
    if (trail === null) return;
    this.checks.copies++;
    trail.copies++;
    const { target, service } = trail.operation;
    if (trail.copies > 1) this.violate(`op ${id}: ${trail.copies} copies`);
    if (service !== "shop" || !target.startsWith("/copied/")) {
      this.violate(`op ${id}: a copy of ${service} ${target}`);
    }
  }

  /** All of a copy has come. */
  copiedWhole(id: number, octets: number): void {
    const bytes = this.#trailOf(id, "copied")?.operation.bytes;
    if (octets !== bytes) this.violate(`op ${id}: a copy of ${octets} octets, sent were ${bytes}`);
  }

  executed(id: number, octets: number, process: string): void {
    const trail = this.#trailOf(id, `executed by ${process}`);
    if (trail === null) return;
    this.#note(`op ${id} executed by ${process}`);
    trail.executed.push(process);
    const { bytes } = trail.operation;
    if (octets !== bytes) {
      this.violate(`op ${id}: ${process} executed ${octets} octets, sent were ${bytes}`);
    }
  }

  /** Octets `[offset, …)` of the body of message `message` arrived at `process`. */
  octets(
    message: number,
    place: { readonly process: string; readonly offset: number },
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    this.checks.octets += end - start;
    const fault = patternFault(message, place.offset, bytes, start, end);
    if (fault !== -1)
      this.violate(`message ${message}: wrong octet at ${fault}, seen by ${place.process}`);
  }

  end(id: number, ending: Ending): void {
    const trail = this.#trailOf(id, "ended");
    if (trail === null) return;
    if (trail.ending !== null) {
      this.violate(`op ${id}: ended twice, ${trail.ending.kind} and ${ending.kind}`);
      return;
    }
    this.#open--;
    trail.ending = ending;
    trail.endMs = this.#nowMs();
    const what =
      ending.kind === "answered" ? `${ending.status} ${ending.reason ?? "app"}` : ending.kind;
    this.#note(`op ${id} ended ${what}`);
    this.endings.set(what, (this.endings.get(what) ?? 0) + 1);
    if (ending.kind !== "answered") return;
    const { executed, operation } = trail;
    if (ending.reason === null && ending.servedBy === null) {
      this.violate(`op ${id}: ${ending.status} from nobody`);
    }
    if (ending.servedBy !== null && !executed.includes(ending.servedBy)) {
      this.violate(`op ${id}: answered by ${ending.servedBy}, which did not execute it`);
    }
    if (ending.status === 201 && operation.method === "GET") {
      this.violate(`op ${id}: the answer to another method`);
    }
  }

  /** A proxy has told its account of an exchange. */
  recorded(record: ExchangeRecord, life: ProxyLifeName): void {
    const process = `${life.name}/proxy`;
    this.histories.record(life, record);
    if (record.endMs < 0) this.violate(`${process}: record ${record.id} without an end`);
    if (record.status === 0 && record.reason === null && record.protocol !== "tcp") {
      this.violate(`${process}: record ${record.id} has neither an answer nor a reason`);
    }
    this.#note(
      `${process} recorded ${record.id} ${record.path} ${record.status} ${record.reason ?? "-"}`,
    );
    const id = Number(/[?&]op=(\d+)/.exec(record.path)?.[1] ?? -1);
    this.#names.recorded(id, record, process);
    const trail = this.#trails.get(id);
    if (trail === undefined || record.direction !== "outbound" || isCopyRecord(record)) return;
    if (record.headMs >= 0 && record.origin === "app") trail.hasReplyBegun = true;
    trail.attempts = record.attempts;
    // A1/A5 per hop: the process that received the request is the one its message was addressed to.
    if (record.status > 0 && record.origin === "app" && record.reason === null) {
      this.checks["answer by whom it was sent to"]++;
      const name = record.endpointName;
      if (name === null || !trail.delivered.includes(name)) {
        this.violate(
          `op ${id}: recorded as answered by ${name}, delivered to ${trail.delivered.join() || "nobody"}`,
        );
      }
    }
  }

  /**
   * Every operation that may be asked twice and of which no reply had begun was answered by the application, unless
   * each attempt it was allowed met a death of its own.
   */
  expectOnlyUnrepeatableFailed(heldBytesMax: number, attemptsMax: number): void {
    for (const { operation, ending, hasReplyBegun, attempts } of this.#trails.values()) {
      const { id, method, bytes } = operation;
      if (ending === null || method === "POST" || bytes > heldBytesMax) continue;
      if (attempts >= attemptsMax) continue;
      const isAnswered = ending.kind === "answered" && ending.reason === null;
      if (isAnswered || (ending.kind === "broken" && hasReplyBegun)) continue;
      const what = ending.kind === "answered" ? `${ending.status} ${ending.reason}` : ending.kind;
      this.violate(`op ${id}: a ${method} of ${bytes} octets failed with ${what}`);
    }
  }

  /** What histories came to, and how much of them was judged. @param which `recorded`, `kept` */
  judge(which: string, { violations, checks }: Judgement): void {
    for (const violation of violations) this.violate(`${which}: ${violation}`);
    for (const [check, count] of checks) this.checks[`${check}, ${which}`] = count;
  }

  /** All that has not ended by now never will. */
  finish(): void {
    this.checks["message named alike at both ends"] = this.#names.compare();
    for (const { operation, ending, startMs } of this.#trails.values()) {
      if (ending !== null) continue;
      this.violate(
        `op ${operation.id}: no end; ${operation.method} ${operation.target} begun at ${startMs.toFixed(0)} ms`,
      );
    }
  }

  violate(what: string): void {
    this.violations.push(`${this.#nowMs().toFixed(3)} ms: ${what}`);
    this.#note(`VIOLATION ${what}`);
  }

  #trailOf(id: number, what: string): Trail | null {
    const trail = this.#trails.get(id);
    if (trail === undefined) this.violate(`op ${id}, which nobody asked for, ${what}`);
    return trail ?? null;
  }
}
