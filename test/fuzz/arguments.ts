import { parseArgs } from "node:util";

/** What the fuzzers that count their inputs are asked for on the command line. */
export interface FuzzArguments {
  /** Default any. */
  readonly seed: number;
  /** Default 1,000,000. */
  readonly count: number;
  /** Report what only we refuse instead of failing on it; default false. */
  readonly collects: boolean;
}

export function readFuzzArguments(): FuzzArguments {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      count: { type: "string", default: "1000000" },
      collect: { type: "boolean", default: false },
    },
  });
  return {
    seed: Number(values.seed ?? Math.floor(Math.random() * 0x1_0000_0000)),
    count: Number(values.count),
    collects: values.collect,
  };
}
