import { readdirSync, readFileSync } from "node:fs";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { readFuzzArguments } from "./arguments.ts";
import { Checker, type Verdict } from "./http1-check.ts";
import { InputMaker } from "./http1-inputs.ts";

/**
 * Fuzzes the HTTP/1.1 codec: `node test/fuzz/http1.ts [--count 1000000] [--seed N] [--collect]`. Exit code 1 and the smallest input
 * found if a claim of `http1-check.ts` does not hold.
 */
export interface FuzzOptions {
  readonly seed: number;
  readonly count: number;
  /** Report reasons for which only we refuse instead of failing on one that the table does not hold. */
  readonly collects?: boolean;
}

export interface FuzzSummary {
  readonly counts: Record<Verdict["kind"], number>;
  /** How often each reason was met for which only we refuse, and the shortest input that met it. */
  readonly stricter: Map<string, { times: number; input: string }>;
  /** The first input that refutes a claim, made small, or null. */
  readonly refuted: {
    readonly input: string;
    readonly method: string | null;
    readonly detail: string;
  } | null;
}

const corpusFolder = new URL("corpus/http1/", import.meta.url);

/** The committed inputs whose names start with `kind`. */
export function readCorpus(kind: "request" | "reply"): { name: string; input: string }[] {
  return readdirSync(corpusFolder)
    .filter((name) => name.startsWith(kind))
    .sort()
    .map((name) => ({ name, input: readFileSync(new URL(name, corpusFolder), "latin1") }));
}

/** Runs until `count` inputs were tried or one refutes a claim. */
export function fuzz({ seed, count, collects = false }: FuzzOptions): FuzzSummary {
  const rng = new SeededRng(seed);
  const inputsOf = (kind: "request" | "reply") => readCorpus(kind).map(({ input }) => input);
  const requests = new InputMaker(rng.fork("requests"), inputsOf("request"));
  const replies = new InputMaker(rng.fork("replies"), inputsOf("reply"));
  const checker = collects ? new Checker(null) : new Checker();
  const summary = {
    counts: { accepted: 0, refused: 0, stricter: 0, wrong: 0 },
    stricter: new Map<string, { times: number; input: string }>(),
    refuted: null as FuzzSummary["refuted"],
  };
  for (let index = 0; index < count && summary.refuted === null; index++) {
    const isReply = index % 3 === 2;
    const method = isReply ? (index % 15 === 14 ? "HEAD" : "GET") : null;
    const input = isReply ? replies.reply() : requests.request();
    const verdict = checker.check(input, (isReply ? replies : requests).cuts(input.length), method);
    summary.counts[verdict.kind]++;
    if (verdict.kind === "stricter") {
      const met = summary.stricter.get(verdict.detail) ?? { times: 0, input };
      met.times++;
      if (input.length < met.input.length) met.input = input;
      summary.stricter.set(verdict.detail, met);
    }
    if (verdict.kind === "wrong") summary.refuted = shrink(checker, input, method);
  }
  return summary;
}

/** Takes octets out as long as some claim stays refuted. */
function shrink(checker: Checker, input: string, method: string | null): FuzzSummary["refuted"] {
  const cuts = Array.from({ length: input.length }, (_, index) => index);
  const detailOf = (text: string): string | null => {
    for (const each of [
      [],
      cuts.slice(0, text.length),
      ...cuts.slice(0, text.length).map((cut) => [cut]),
    ]) {
      const verdict = checker.check(text, each, method);
      if (verdict.kind === "wrong") return verdict.detail;
    }
    return null;
  };
  let smallest = input;
  let detail = detailOf(input) ?? "only with the cuts drawn";
  for (let size = 16; size > 0; size >>= 1) {
    for (let at = 0; at < smallest.length; ) {
      const shorter = smallest.slice(0, at) + smallest.slice(at + size);
      const shorterDetail = detailOf(shorter);
      if (shorterDetail === null) at += size;
      else {
        smallest = shorter;
        detail = shorterDetail;
      }
    }
  }
  return { input: smallest, method, detail };
}

/** The command line: prints the seed, the counts, and what was refuted. */
export function main(): void {
  const { seed, count, collects } = readFuzzArguments();
  console.log(`http1: seed ${seed}, ${count} inputs`);
  const start = performance.now();
  const { counts, stricter, refuted } = fuzz({ seed, count, collects });
  const seconds = (performance.now() - start) / 1000;
  console.log(
    `accepted ${counts.accepted}, refused by both ${counts.refused}, by us alone ${counts.stricter}; ${seconds.toFixed(1)} s`,
  );
  for (const [detail, { times, input }] of [...stricter].sort((a, b) => b[1].times - a[1].times)) {
    console.log(
      `  ${String(times).padStart(8)} ${detail}${collects ? `\n           ${JSON.stringify(input)}` : ""}`,
    );
  }
  if (refuted === null) return;
  console.log(`REFUTED (${refuted.method === null ? "requests" : `reply to ${refuted.method}`})`);
  console.log(`  ${JSON.stringify(refuted.input)}\n  ${refuted.detail}`);
  process.exitCode = 1;
}

if (import.meta.main) main();
