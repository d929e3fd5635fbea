import type { Rng } from "../base/rng.ts";
import type { Operation, Outcome, Value } from "./operation.ts";
import type { Initial, SequentialModel } from "./sequential.ts";

/** A key of the seed's KVS: `""` until something is put. */
export const registerModel: SequentialModel<string> = {
  name: "register",
  empty: "",
  step(state, name, args) {
    if (name === "get") return { state, result: state };
    const [value] = args;
    return name === "put" && typeof value === "string" ? { state: value, result: undefined } : null;
  },
  fingerprint: (state) => state,
  changes: (name) => name === "put",
  agrees: (expected, recorded) => expected === recorded,
  register: { read: "get", write: "put", valueIndex: 0 },
};

export const counterModel: SequentialModel<number> = {
  name: "counter",
  empty: 0,
  step(state, name) {
    if (name === "value") return { state, result: state };
    return name === "add" ? { state: state + 1, result: undefined } : null;
  },
  fingerprint: String,
  changes: (name) => name === "add",
  agrees: (expected, recorded) => expected === recorded,
  register: null,
};

export const lockModel: SequentialModel<string> = {
  name: "lock",
  empty: "",
  step(state, name, args) {
    const by = String(args[0]);
    if (name === "acquire") {
      return state === "" || state === by ? { state: by, result: true } : { state, result: false };
    }
    if (name === "holder") return { state, result: state };
    if (name !== "release") return null;
    return state === by ? { state: "", result: true } : { state, result: false };
  },
  fingerprint: (state) => state,
  changes: (name) => name !== "holder",
  agrees: (expected, recorded) => expected === recorded,
  register: null,
};

export const empty: Initial = { kind: "empty" };
export const unknown: Initial = { kind: "unknown" };

/**
 * A history as a drawing: `a put x 1-2`, `b get → x 3-4`, `a put y 5-? unknown`, `a put z 7-8 refused`. Operations of one
 * caller are numbered in the order in which they are written.
 */
export function historyOf(...lines: readonly string[]): readonly Operation[] {
  return lines.map((line, index) => {
    const match =
      /^(\w+) (\w+)((?: [\w"]+)*?)(?: → (\S+))? ([\d.]+)-([\d.]+|\?)(?: (unknown|refused|absent))?$/.exec(
        line,
      );
    if (match === null) throw new Error(`not a line of a history: ${line}`);
    const [, caller = "", name = "", args = "", result, start, end, kind] = match;
    return {
      ...operation(index, caller, name, args.trim() === "" ? [] : args.trim().split(" ").map(read)),
      outcome: outcomeOf(kind, result === undefined ? undefined : read(result)),
      startMs: Number(start),
      endMs: end === "?" ? Infinity : Number(end),
    };
  });
}

function read(word: string): Value {
  if (word === '""') return "";
  return word === "true" || word === "false"
    ? word === "true"
    : /^\d+$/.test(word)
      ? Number(word)
      : word;
}

function outcomeOf(kind: string | undefined, result: Value | undefined): Outcome {
  if (kind === "refused") return { kind, status: 503 };
  if (kind === "absent") return { kind, status: 503, reason: "slot-away" };
  if (kind === "unknown") return { kind, detail: "reset" };
  return { kind: "ok", result };
}

export function operation(
  id: number,
  caller: string,
  name: string,
  args: readonly Value[],
): Operation {
  const outcome: Outcome = { kind: "ok", result: undefined };
  const answeredBy = "kvs-0";
  return {
    id,
    caller,
    key: "1",
    name,
    args,
    outcome,
    startMs: 0,
    endMs: 0,
    seq: id,
    answeredBy,
    isObserved: true,
  };
}

/** What a random history is made of. */
export interface Shape {
  /** A read, an update: their names; `argsOf` draws the arguments, `resultOf` an answer that may be wrong. */
  readonly model: SequentialModel;
  readonly draw: (
    rng: Rng,
    index: number,
    caller: string,
  ) => { readonly name: string; readonly args: readonly Value[] };
  readonly wrongResult: (rng: Rng, name: string) => Value | undefined;
}

/**
 * A small history: operations overlap, the object is really there, and now and then an answer is another than it gave,
 * or an outcome is not known. Times are small whole numbers, so that they are often equal.
 */
export function randomHistory(rng: Rng, shape: Shape): readonly Operation[] {
  const count = 2 + rng.below(6);
  const callers = 1 + rng.below(3);
  const drawn = Array.from({ length: count }, (_, index) => {
    const caller = `c${rng.below(callers)}`;
    const startMs = rng.below(12);
    const endMs = startMs + rng.below(6);
    const atMs = startMs + rng.float() * (endMs - startMs);
    return { index, caller, startMs, endMs, atMs, ...shape.draw(rng, index, caller) };
  });
  let state = shape.model.empty;
  const wrongShare = rng.below(3) * 0.4;
  return drawn
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ index, caller, startMs, endMs, name, args }) => {
      const isUnknown = rng.float() < 0.15;
      const step = shape.model.step(state, name, args)!;
      if (!isUnknown || rng.below(2) === 0) state = step.state;
      const result = rng.float() < wrongShare ? shape.wrongResult(rng, name) : step.result;
      return {
        ...operation(index, caller, name, args),
        outcome: isUnknown
          ? ({ kind: "unknown", detail: "reset" } as const)
          : ({ kind: "ok", result } as const),
        startMs,
        endMs: isUnknown ? Infinity : endMs,
      };
    });
}

/** `values`: how many different ones are written; more than operations: each once. */
export function registerShape(values: number): Shape {
  return {
    model: registerModel,
    draw: (rng, index) =>
      rng.below(2) === 0
        ? { name: "get", args: [] }
        : { name: "put", args: [values > 8 ? `v${index}` : `v${rng.below(values)}`] },
    wrongResult: (rng, name) =>
      name === "put" ? undefined : rng.below(5) === 0 ? "" : `v${rng.below(Math.min(values, 9))}`,
  };
}

export const counterShape: Shape = {
  model: counterModel,
  draw: (rng) => ({ name: rng.below(2) === 0 ? "value" : "add", args: [] }),
  wrongResult: (rng, name) => (name === "value" ? rng.below(4) : undefined),
};

export const lockShape: Shape = {
  model: lockModel,
  draw: (rng, _, caller) => {
    const name = ["acquire", "release", "holder"][rng.below(3)]!;
    return { name, args: name === "holder" ? [] : [caller] };
  },
  wrongResult: (rng, name) =>
    name === "holder" ? ["", "c0", "c1"][rng.below(3)] : rng.below(2) === 0,
};
