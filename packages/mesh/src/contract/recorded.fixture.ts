import type { Rng } from "../base/rng.ts";
import type { Gap, RecordedBatch, RecordedLine } from "../history/batch.ts";
import type { RecordedAttempt, RecordedExchange, RecordedValue } from "../history/exchange.ts";
import type { ContractDoc } from "../model/document.ts";
import type { Reason } from "../model/reason.ts";
import { kvs } from "./definition/kvs.ts";
import { ValueRecorder } from "./recorded-value.ts";

export const kvsContract: ContractDoc = {
  name: "default/kvs",
  operations: kvs.operations,
  key: "k",
  keyShare: 1,
  values: "hashed",
  hashKey: "000102030405060708090a0b0c0d0e0f",
  valueBytesMax: 64,
  callerField: null,
};

/** What becomes of an exchange on its way. */
export type Fate =
  | "answered"
  | "reply-lost" /** the process did it, the caller saw a reset */
  | "request-lost" /** sent, and never seen by anybody */
  | "never-sent"
  | "denied-there" /** by the process's proxy */
  | "second-try" /** the first connection was refused */
  | "refused" /** by the process */;

export interface MadeExchange {
  readonly caller: string;
  readonly process: string;
  readonly name: "get" | "put";
  readonly key: string;
  readonly value: string;
  readonly startMs: number;
  readonly endMs: number;
  /** When the process did it, if it did. */
  readonly atMs: number;
  readonly fate: Fate;
}

export interface MadeRecord {
  readonly lines: readonly RecordedLine[];
  readonly exchanges: readonly MadeExchange[];
}

export interface RecordShape {
  readonly exchanges: number;
  readonly keys: number;
  /** Share of batches that are lost, each of which is a gap, of proxies of processes and of callers. */
  readonly lostThere: number;
  readonly lostHere: number;
  /** Nobody tells of what is lost: its numbers are in no batch. Default: a gap tells when it was. */
  readonly isUntold?: boolean;
  /** Share of reads that are answered from what was before the last write: what a wrong service does. */
  readonly stale: number;
  readonly fates: readonly Fate[];
}

/**
 * What proxies record of a key-value store that is one object, whichever process answers: callers `app-0` … with a
 * proxy each, a gateway, and processes `kvs-0` …, all of one boot.
 */
export function makeRecord(rng: Rng, shape: RecordShape): MadeRecord {
  const exchanges = Array.from({ length: shape.exchanges }, (_, at) =>
    makeExchange(rng, at, shape),
  );
  const answers = play(exchanges, rng, shape.stale);
  const values = new ValueRecorder(kvsContract);
  const proxies = new Map<string, { exchange: RecordedExchange; isInbound: boolean }[]>();
  const keep = (proxy: string, exchange: RecordedExchange, isInbound: boolean) => {
    const kept = proxies.get(proxy) ?? [];
    proxies.set(proxy, kept);
    kept.push({ exchange: { ...exchange, id: kept.length + 1 }, isInbound });
  };
  exchanges.forEach((made, at) => {
    const sides = new Sides(made, at, answers.get(made) ?? "", values);
    keep(made.caller.split(" ")[0]!, sides.caller(), false);
    const there = sides.inbound();
    if (there !== null) keep(made.process, there, true);
  });
  const batches = [...proxies].flatMap(([proxy, kept]) => {
    const lost = kept.some(({ isInbound }) => isInbound) ? shape.lostThere : shape.lostHere;
    return batchesOf(
      proxy,
      kept.map(({ exchange }) => exchange),
      rng,
      lost,
      shape.isUntold === true,
    );
  });
  const again = batches.filter(() => rng.below(4) === 0);
  const starts = ["kvs-0", "kvs-1", "kvs-2"].map(
    (name): RecordedLine => ({
      start: { workload: workload(name), atMs: 1000, boot: "b", wallMs: 0, restarts: 0 },
    }),
  );
  const lines: RecordedLine[] = [...batches, ...again].map((batch) => ({ batch }));
  for (let at = lines.length - 1; at > 0; at--) {
    const other = rng.below(at + 1);
    [lines[at], lines[other]] = [lines[other]!, lines[at]!];
  }
  const complete: RecordedLine = { complete: { whole: 500, sampled: 500, boot: "b" } };
  return { lines: [...lines, ...starts, complete], exchanges };
}

function makeExchange(rng: Rng, at: number, shape: RecordShape): MadeExchange {
  const startMs = 1000 + at * 10 + rng.below(10);
  const endMs = startMs + 8 + rng.below(60);
  return {
    caller: ["app-0", "app-1", "front-0 127.0.0.1:5001", "front-0 127.0.0.1:5002"][rng.below(4)]!,
    process: `kvs-${rng.below(3)}`,
    name: rng.below(2) === 0 ? "get" : "put",
    key: String(rng.below(shape.keys)),
    value: `v${at}`,
    startMs,
    endMs,
    atMs: startMs + 4 + rng.below(endMs - startMs - 7),
    fate: shape.fates[rng.below(shape.fates.length)]!,
  };
}

/** One true object: what each get gave. */
function play(
  exchanges: readonly MadeExchange[],
  rng: Rng,
  stale: number,
): ReadonlyMap<MadeExchange, string> {
  const state = new Map<string, string>();
  const before = new Map<string, string>();
  const answers = new Map<MadeExchange, string>();
  const isDone = ({ fate }: MadeExchange) =>
    ["answered", "reply-lost", "second-try"].includes(fate);
  for (const made of exchanges.filter(isDone).toSorted((a, b) => a.atMs - b.atMs)) {
    const now = state.get(made.key) ?? "";
    if (made.name === "put") {
      before.set(made.key, now);
      state.set(made.key, made.value);
    } else {
      answers.set(made, rng.float() < stale ? (before.get(made.key) ?? "") : now);
    }
  }
  return answers;
}

const workload = (name: string) => ({ uid: `uid-${name}`, name, namespace: "default" });

class Sides {
  readonly #made: MadeExchange;
  readonly #at: number;
  readonly #answer: string;
  readonly #values: ValueRecorder;

  constructor(made: MadeExchange, at: number, answer: string, values: ValueRecorder) {
    this.#made = made;
    this.#at = at;
    this.#answer = answer;
    this.#values = values;
  }

  caller(): RecordedExchange {
    const { caller, process, fate, startMs, endMs } = this.#made;
    const [proxy = "", source = "127.0.0.1:4000"] = caller.split(" ");
    const attempt = (edit: Partial<RecordedAttempt>): RecordedAttempt => ({
      endpointUid: `uid-${process}`,
      endpoint: process,
      target: "127.0.0.1:9000",
      identity: null,
      connection: this.#connection,
      ordinal: this.#at + 1,
      own: "",
      sentMs: startMs + 1,
      sentSeq: 2,
      replyMs: endMs - 1,
      replySeq: 3,
      reason: null,
      ...edit,
    });
    const lost = attempt({ replySeq: 0, replyMs: -1, reason: "reset" });
    const refused = attempt({
      connection: null,
      sentSeq: 0,
      ordinal: 0,
      reason: "connect-refused",
    });
    const attempts: Readonly<Record<Fate, readonly RecordedAttempt[]>> = {
      answered: [attempt({})],
      refused: [attempt({})],
      "second-try": [refused, attempt({})],
      "reply-lost": [lost],
      "request-lost": [lost],
      "never-sent": [refused],
      "denied-there": [attempt({})],
    };
    return {
      ...this.#both(),
      direction: proxy === "front-0" ? "gateway" : "outbound",
      front: {
        ...this.#front,
        connection: `${source}>x`,
        source,
        caller: proxy === "front-0" ? null : proxy,
      },
      attempts: attempts[fate],
    };
  }

  inbound(): RecordedExchange | null {
    const { caller, fate, startMs, endMs } = this.#made;
    if (fate === "request-lost" || fate === "never-sent") return null;
    const isSeen = fate !== "denied-there";
    const app = { endpointUid: "app", endpoint: "app", target: "127.0.0.1:41000", identity: null };
    const times = { sentMs: startMs + 3, sentSeq: 2, replyMs: endMs - 3, replySeq: 3 };
    const sent = { ...app, ...times, connection: "x", ordinal: this.#at, own: "", reason: null };
    const both = this.#both(fate === "reply-lost" ? "answered" : fate);
    return {
      ...both,
      direction: "inbound",
      front: {
        ...this.#front,
        connection: this.#connection,
        ordinal: this.#at + 1,
        caller: caller.split(" ")[0]!,
      },
      attempts: isSeen ? [sent] : [],
      startMs: startMs + 2,
      endMs: endMs - 2,
    };
  }

  get #connection(): string {
    return `${this.#made.caller}>${this.#made.process}`;
  }

  get #front() {
    return { ordinal: 1, source: "127.0.0.1:4000", own: "", peer: null, callerField: null };
  }

  #both(fate: Fate = this.#made.fate): Omit<RecordedExchange, "front" | "attempts" | "direction"> {
    const { name, key, value, startMs, endMs } = this.#made;
    const isPut = name === "put";
    const [status, reason] = statusOf(fate, isPut);
    const record = (text: string): RecordedValue =>
      this.#values.record(new TextEncoder().encode(text), "opaque");
    return {
      id: 0,
      service: "default/kvs",
      servicePort: 80,
      backend: "default/kvs",
      backendPort: 80,
      method: isPut ? "PUT" : "GET",
      path: `/${key}`,
      authority: "kvs",
      route: null,
      status,
      reason,
      detail: "",
      origin: reason === null ? "app" : "proxy",
      startMs,
      headMs: endMs,
      endMs,
      receivedSeq: this.#at * 4 + 1,
      answeredSeq: this.#at * 4 + 4,
      operation: {
        contract: "default/kvs",
        name,
        parameters: { k: key },
        key,
        requestBody: isPut ? record(value) : null,
        replyBody: isPut || status !== 200 ? null : record(this.#answer),
      },
    };
  }
}

function statusOf(fate: Fate, isPut: boolean): readonly [status: number, reason: Reason | null] {
  switch (fate) {
    case "answered":
    case "second-try":
      return [isPut ? 201 : 200, null];
    case "refused":
      return [isPut ? 503 : 500, null];
    case "reply-lost":
    case "request-lost":
      return [502, "reset"];
    case "never-sent":
      return [502, "connect-refused"];
    case "denied-there":
      return [403, "denied"];
  }
}

function batchesOf(
  proxy: string,
  exchanges: readonly RecordedExchange[],
  rng: Rng,
  lost: number,
  isUntold: boolean,
): readonly RecordedBatch[] {
  const ordered = exchanges.toSorted((a, b) => a.endMs - b.endMs);
  const batches: RecordedBatch[] = [];
  let gaps: Gap[] = [];
  let from = 1;
  for (let at = 0; at < ordered.length; ) {
    const part = ordered.slice(at, at + 1 + rng.below(8));
    at += part.length;
    if (rng.float() < lost) {
      if (isUntold && at < ordered.length) {
        from += part.length;
        continue;
      }
      const fromMs = Math.min(...part.map(({ startMs }) => startMs));
      const toMs = Math.max(...part.map(({ endMs }) => endMs));
      gaps.push({ fromMs, toMs, missing: part.length, reason: "overflow" });
      if (at < ordered.length) continue;
    }
    const kept = gaps.at(-1)?.toMs === part.at(-1)?.endMs && at >= ordered.length ? [] : part;
    batches.push({
      workload: workload(proxy),
      life: `life-${proxy}`,
      sinceMs: 900,
      boot: "b",
      wallOffsetMs: 1_000_000,
      store: "whole",
      from,
      exchanges: kept,
      gaps,
      sampledShare: 1,
    });
    from += kept.length;
    gaps = [];
  }
  return batches;
}
