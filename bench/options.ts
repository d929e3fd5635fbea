import { parseArgs } from "node:util";

/** What a run is told. */
export interface Options {
  /** Rounds of each scenario; medians are over these. Default 15; 3 with --quick. */
  readonly rounds: number;
  /** Length of one window of load, in s. Default 2; 1 with --quick. */
  readonly windowSeconds: number;
  /** Starts of each subject, of which startup time is the median. Default 5; 2 with --quick. */
  readonly starts: number;
  /** Wait before memory is read, in s. Default 10; 3 with --quick. */
  readonly settleSeconds: number;
  /** Requests of each load in the memory scenarios. Default 1,000,000; 50,000 with --quick. */
  readonly manyRequests: number;
  /** Bytes streamed, half down, half up. Default 10^10; 10^9 with --quick. */
  readonly streamBytes: number;
  readonly isQuick: boolean;
  /** Parts of names of scenarios and subjects (`choose`). Empty: everything. */
  readonly only: readonly string[];
  readonly jsonFile: string | null;
  readonly plotFile: string;
}

export const usage = `npm run bench -- [--quick] [--only WORDS] [--rounds N] [--json FILE] [--plot FILE]

  --quick       3 rounds of 1 s windows, short memory scenarios: a trial, not a figure to quote
  --only WORDS  comma-separated parts of names, of scenarios ({one-hop-plain,two-hop-mtls}/{small,ten}/{closed,rate},
                memory/{one-hop-plain,two-hop-mtls}, recording/{one-hop-plain,two-hop-mtls},
                {h2,grpc}/{one-hop-plain,two-hop-mtls}/unary, grpc/…/{server-stream,bidi}, tcp/…/{down,up,rate}, body/…/down, websocket/…/echo,
                handshake/two-hop-mtls/{full,resumed}, idle/{plain,mtls-http1,mtls-heddle1}, pauses/…/{http1,h2,grpc}, checkers, balance, storm, scale) and of subjects (direct,
                c-relay, heddle, haproxy-socket, haproxy-ring, haproxy-control, nginx, http-proxy-3, haproxy, node-http2). Bars that need what is left out are not met
  --rounds N    rounds per scenario (default 15)
  --json FILE   write all figures as JSON
  --plot FILE   where the SVG goes (default bench/results/bench.svg)

Exit: 0 all ran and every bar is met, 1 a bar is not met or not measured, 64 usage.
`;

/** Reads the command line. Throws with a sentence for the user. */
export function parseOptions(argv: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      json: { type: "string" },
      plot: { type: "string", default: "bench/results/bench.svg" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const isQuick = values.quick;
  const rounds = values.rounds === undefined ? (isQuick ? 3 : 15) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds: expected a whole number >= 1, got "${values.rounds}"`);
  }
  return {
    rounds,
    windowSeconds: isQuick ? 1 : 2,
    starts: isQuick ? 2 : 5,
    settleSeconds: isQuick ? 3 : 10,
    manyRequests: isQuick ? 50_000 : 1_000_000,
    streamBytes: isQuick ? 1e9 : 1e10,
    isQuick,
    only: values.only.flatMap((words) => words.split(",")).filter((word) => word !== ""),
    jsonFile: values.json ?? null,
    plotFile: values.plot,
  };
}

/** What --only leaves of two kinds of names. Words found in the names of one kind choose among that kind; a kind no
 *  word speaks of stays whole. Throws on a word found in no name. */
export function choose(
  words: readonly string[],
  names: { readonly scenarios: readonly string[]; readonly subjects: readonly string[] },
): { readonly scenarios: ReadonlySet<string>; readonly subjects: ReadonlySet<string> } {
  const all = [...names.scenarios, ...names.subjects];
  for (const word of words) {
    if (!all.some((name) => name.includes(word))) {
      throw new Error(`--only: nothing is named "${word}"`);
    }
  }
  const left = (kind: readonly string[]): ReadonlySet<string> => {
    const chosen = kind.filter((name) => words.some((word) => name.includes(word)));
    return new Set(chosen.length === 0 ? kind : chosen);
  };
  return { scenarios: left(names.scenarios), subjects: left(names.subjects) };
}
