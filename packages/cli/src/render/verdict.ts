import { formatAxiom } from "@heddle/mesh/contract/axiom.ts";
import type { Definition } from "@heddle/mesh/contract/definition.ts";
import type { Operation } from "@heddle/mesh/contract/operation.ts";
import type { Counterexample, Verdict } from "@heddle/mesh/contract/verdict.ts";
import { count, formatCount } from "./count.ts";
import { formatGiven, formatOperation, formatOperations } from "./operations.ts";
import type { Style } from "./style.ts";
import { formatVerdictMark, formatVerdictWord } from "./verdict-word.ts";

/** A verdict, and what is told beside it. */
export interface VerdictText {
  readonly verdict: Verdict;
  readonly definition: Definition;
  /** The parameter that is the key; null: the whole service is one object. */
  readonly key: string | null;
  /** `in 6.4 s`, `since 03:12:07` */
  readonly when: string;
  /** `every event recorded` */
  readonly completeness: string;
  /** Why it is violated, and what cures it. */
  readonly causes: readonly string[];
  /** Said also where it holds: what the verdict rests on. */
  readonly saysAssumptions: boolean;
  /** What else was done or is to be known, a line each. */
  readonly notes: readonly string[];
}

/** As printed. */
export function formatVerdict(text: VerdictText, style: Style): string {
  const { verdict } = text;
  const lines = [
    `Contract ${verdict.contract} on Service ${verdict.service}, ${scopeOf(text)}`,
    ...(verdict.counterexample === undefined
      ? [axiomLine(text, style)]
      : brokenLines(text, verdict.counterexample, style)),
    ...text.notes,
    ...summary(text, style),
  ];
  return lines
    .filter((line) => line !== "")
    .map((line) => `${line}\n`)
    .join("");
}

function scopeOf({ verdict, key }: VerdictText): string {
  if (verdict.consistency === "caller") return "each caller's own history, key by key";
  return `${verdict.consistency}, ${key === null ? "as one object" : "key by key"}`;
}

/** Axioms that hold, and how many of our extension. */
function axiomLine({ verdict, definition }: VerdictText, style: Style): string {
  if (verdict.verdict !== "holds") return "";
  const own = definition.axioms.filter(({ isExtension }) => !isExtension);
  const extensions = definition.axioms.length - own.length;
  const mark = formatVerdictMark("holds", style);
  const said = own.map((axiom) => `${mark} ${formatAxiom(axiom)}`);
  if (extensions > 0) said.push(`${mark} ${extensions} of our extension`);
  return ` ${said.join("     ")}`;
}

function brokenLines(
  { verdict, definition }: VerdictText,
  counterexample: Counterexample,
  style: Style,
): readonly string[] {
  const { operations, key, from, expected, axiom } = counterexample;
  const words = { service: verdict.service, operations: definition.operations };
  const subject = key === "" ? "" : `key ${key}, `;
  const law = axiom ?? lawOf(operations, verdict);
  const value = expected === null ? "" : givenText(counterexample, definition, verdict.service);
  const others = counterexample.others ?? 0;
  const besides =
    others === 0 || value === ""
      ? ""
      : `, or what ${others === 1 ? "1 other update makes" : `any of ${formatCount(others)} other updates make`} of it`;
  const lines = formatOperations(operations, words);
  return [
    ` ${formatVerdictMark("violated", style)} ${law}     ${subject}the smallest history that breaks it, from ${formatCount(from)} ${from === 1 ? "operation" : "operations"}:`,
    ...lines.map(
      (line, at) =>
        `     ${line}${at === lines.length - 1 && value !== "" ? `     expected ${value}${besides}` : ""}`,
    ),
    answeredBy(operations, (each) => formatOperation(each, words)),
  ];
}

/** Where no axiom alone is contradicted. */
function lawOf(operations: readonly Operation[], verdict: Verdict): string {
  const [only] = operations;
  if (operations.length === 1 && only!.outcome.kind === "refused") {
    return `${only!.name} is refused, and is total`;
  }
  return verdict.consistency === "linearizable"
    ? "no one order of the operations explains every answer"
    : `${verdict.consistency}: no order of the operations explains every answer`;
}

function givenText(
  { operations, expected }: Counterexample,
  definition: Definition,
  service: string,
): string {
  const asked = operations.find(({ id }) => id === expected!.operation);
  const words = { service, operations: definition.operations };
  return asked === undefined ? "" : formatGiven(asked.name, expected!.value, words);
}

/** `Put(1,"a") was answered by kvs-0, Get(1) by kvs-2`; empty where nothing is known of it. */
function answeredBy(
  operations: readonly Operation[],
  format: (operation: Operation) => string,
): string {
  const inOrder = operations.toSorted((a, b) => a.startMs - b.startMs);
  if (inOrder.every((each) => each.answeredBy === null)) return "";
  const said = inOrder.map((each, at) => {
    const by = each.answeredBy ?? "nobody that was recorded";
    return `${format(each)} ${at === 0 ? "was answered by" : "by"} ${by}`;
  });
  return `     ${said.join(", ")}`;
}

function summary(text: VerdictText, style: Style): readonly string[] {
  const { verdict, when, completeness, causes } = text;
  const { violatedKeys, undecidedKeys, unknown, refused, absent } = verdict;
  const keys = count(verdict.keys, "key");
  const callers = count(verdict.callers, "caller");
  const amount = `${count(verdict.operations, "operation")} on ${keys} by ${callers} ${when}`;
  const outcomes = [
    `${formatCount(unknown)} may have happened`,
    `${formatCount(refused)} refused`,
    ...(absent > 0 ? [`${formatCount(absent)} answered by a proxy, so they did not happen`] : []),
  ].join(", ");
  const said = `${amount}; ${completeness}, ${outcomes}`;
  const word = formatVerdictWord(verdict.verdict, style);
  const assumptions = verdict.assumptions.map((assumption) => `  assumed: ${assumption}`);
  switch (verdict.verdict) {
    case "holds":
      return [`${word}: ${said}`, ...(text.saysAssumptions ? assumptions : [])];
    case "undecided": {
      const what =
        undecidedKeys.length === 0 ? "" : `${formatCount(undecidedKeys.length)} of ${keys}. `;
      return [`${word}: ${what}${said}`, ...assumptions];
    }
    case "violated": {
      const [first, ...others] = causes;
      const why = first === undefined ? "" : ` ${first}`;
      const line = `${word}: ${formatCount(violatedKeys.length)} of ${keys}.${why}`;
      const rests = text.saysAssumptions ? assumptions : [];
      return [line, ...others.map((cause) => `  ${cause}`), ...rests];
    }
  }
}
