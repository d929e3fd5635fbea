import type { VerdictWord } from "../contract/verdict.ts";
import { isOpaque, type RecordedExchange } from "../history/exchange.ts";
import type { ConstraintKind } from "../model/constraint.ts";
import type { Seen } from "./records.ts";

/** What a checker came to. */
export interface ConstraintReport {
  readonly kind: ConstraintKind;
  /** `undecided`: intent asks for something, and nothing was seen by which it could be judged. */
  readonly verdict: VerdictWord;
  /** How many subjects intent names: services, rules, processes. 0: it asks for nothing of this kind. */
  readonly subjects: number;
  /** How many messages or exchanges were judged. */
  readonly judged: number;
  /** Over what it is stated, and how far a true history may be off. */
  readonly scope: string;
  readonly errorBound: string;
  /** What was not judged, how often, and why. */
  readonly notJudged: Readonly<Record<string, number>>;
  /** How often it is broken; `violations` has the first of them, by time. */
  readonly broken: number;
  readonly violations: readonly Violation[];
}

/** The smallest evidence of one breach. */
export interface Violation {
  /** What is broken, in a sentence. */
  readonly what: string;
  /** Processes it happened at: `<namespace>/<workload>`. */
  readonly processes: readonly string[];
  /** Ids of the messages that show it; empty for a rule about many. */
  readonly messages: readonly string[];
  /** The key, rule or service concerned. */
  readonly about: string;
  readonly expected: string;
  readonly found: string;
  readonly atWallMs: number;
}

/** So many violations of a kind are told in full. */
export const violationsMax = 20;

/** Collects what a checker finds. */
export class Findings {
  readonly #kind: ConstraintKind;
  readonly #scope: string;
  readonly #errorBound: string;
  readonly #notJudged = new Map<string, number>();
  readonly #violations: Violation[] = [];
  readonly #subjects = new Set<string>();
  #judged = 0;

  constructor(kind: ConstraintKind, scope: string, errorBound: string) {
    this.#kind = kind;
    this.#scope = scope;
    this.#errorBound = errorBound;
  }

  /** Intent asks for something of this. */
  ask(subject: string): void {
    this.#subjects.add(subject);
  }

  judge(count = 1): void {
    this.#judged += count;
  }

  /** @param why completes "not judged:" */
  skip(why: string, count = 1): void {
    this.#notJudged.set(why, (this.#notJudged.get(why) ?? 0) + count);
  }

  violate(violation: Violation): void {
    this.#violations.push(violation);
  }

  report(): ConstraintReport {
    const broken = this.#violations.length;
    const isBlind = this.#subjects.size > 0 && this.#judged === 0;
    return {
      kind: this.#kind,
      verdict: broken > 0 ? "violated" : isBlind ? "undecided" : "holds",
      subjects: this.#subjects.size,
      judged: this.#judged,
      scope: this.#scope,
      errorBound: this.#errorBound,
      notJudged: Object.fromEntries(this.#notJudged),
      broken,
      violations: [...this.#violations]
        .sort((a, b) => a.atWallMs - b.atWallMs)
        .slice(0, violationsMax),
    };
  }
}

/** Said of what falls into the time in which proxies hear of a change. */
export const whileChanging = "intent was changing";

/** `GET /7 at default/visitor-0` */
export function nameOf({ exchange, of }: Seen): string {
  return `${wordsOf(exchange)} at ${of.workload}`;
}

/** `GET /7`, or `a connection` of octets, with the server name it asked for. */
export function wordsOf(exchange: RecordedExchange): string {
  if (!isOpaque(exchange)) return `${exchange.method} ${exchange.path}`;
  return exchange.authority === "" ? "a connection" : `a connection to ${exchange.authority}`;
}
