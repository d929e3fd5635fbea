import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  batchOf,
  inboundExchange,
  operation,
  outboundExchange,
} from "../../../mesh/test/support/recorded.ts";
import { buildStyle } from "../render/style.ts";
import { run } from "./program.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-history-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** e puts "a" at 1 and gets it; both proxies' records. */
const put = { method: "PUT", status: 201, operation: operation("1", "a", null) };
const get = { operation: operation("1", null, "a") };
const kvs = batchOf("kvs-1", [
  inboundExchange(put),
  inboundExchange({ id: 2, seq: 5, atMs: 202, ...get }),
]);
const e = batchOf("e", [
  outboundExchange(put),
  outboundExchange({ id: 2, seq: 5, atMs: 200, ...get }),
]);

function fileOf(...batches: readonly RecordedBatch[]): string {
  const path = join(folder, "recorded.jsonl");
  writeFileSync(path, batches.map((batch) => `${JSON.stringify({ batch })}\n`).join(""));
  return path;
}

async function heddle(...argv: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = (lines: string[]) => ({
    isTerminal: false,
    columns: 100,
    style: buildStyle(false),
    write: (text: string) => void lines.push(text),
  });
  const before = process.exitCode;
  const code = await run(
    {
      out: terminal(out),
      err: terminal(err),
      env: {},
      cwd: folder,
      clock: new VirtualClock(),
      program: "heddle",
      programPath: "heddle",
      author: "dana",
    },
    argv,
  );
  process.exitCode = before;
  return { code, out: out.join(""), err: err.join("") };
}

describe("heddle history", () => {
  test("e: the talk's notation", async () => {
    expect(await heddle("history", "e", "--from", fileOf(e, kvs))).toEqual({
      code: 0,
      err: "",
      out: `History[e]
[Send•Req=(kvs, Put(1,"a")), Recv•Res=ok, Send•Req=(kvs, Get(1)), Recv•Res="a"]
`,
    });
  });

  test("--steps: as it grew", async () => {
    const { out } = await heddle(
      "history",
      "kvs-1",
      "--steps",
      "--last",
      "1",
      "--from",
      fileOf(kvs),
    );
    expect(out).toBe(`History[kvs-1]
[]
[Recv•Req=(kvs, Get(1))]
[Recv•Req=(kvs, Get(1)), Send•Res="a"]
`);
  });

  test("--short: the lists of the first slides, without contents", async () => {
    const short = ["--steps", "--short", "--last", "1"];
    const asker = await heddle("history", "e", ...short, "--from", fileOf(e, kvs));
    expect(asker.out).toBe("History[e]\n[]\n[Send•Req]\n[Send•Req, Recv•Res]\n");
    const answerer = await heddle("history", "kvs-1", ...short, "--from", fileOf(e, kvs));
    expect(answerer.out).toBe("History[kvs-1]\n[]\n[Recv•Req]\n[Recv•Req, Send•Res]\n");
  });

  test("service/kvs: every process behind it; without a name every process", async () => {
    const service = await heddle("history", "service/kvs", "--from", fileOf(e, kvs));
    expect(service.out.match(/^History.*$/gm)).toEqual(["History[kvs-1]"]);
    const all = await heddle("history", "--from", fileOf(e, kvs), "--last", "1");
    expect(all.out).toBe(`History[e]
[…, Send•Req=(kvs, Get(1)), Recv•Res="a"]

History[kvs-1]
[…, Recv•Req=(kvs, Get(1)), Send•Res="a"]
`);
  });

  test("front-0, a gateway: its proxy, which has no process beside it", async () => {
    const front = batchOf("front-0", [outboundExchange({ direction: "gateway", ...get })]);
    const { out } = await heddle("history", "front-0", "--from", fileOf(front, kvs));
    expect(out).toBe(`History[front-0/proxy]
[Recv•Req=(kvs, Get(1)), Send•Req=(kvs, Get(1)), Recv•Res="a", Send•Res="a"]
`);
    const args = ["--diagram", "--last", "1", "--from", fileOf(front, kvs)];
    expect((await heddle("history", "front-0", ...args)).out).toMatch(/^outside\/127.0.0.1:5001 /);
  });

  test("--global: all events in an order that nobody contradicts", async () => {
    const { out } = await heddle("history", "--global", "--last", "1", "--from", fileOf(e, kvs));
    expect(out).toBe(`\
0.000 ms  e            Send•Req=(kvs, Get(1))
0.000 ms  e/proxy      Recv•Req=(kvs, Get(1))
1.000 ms  e/proxy      Send•Req=(kvs, Get(1))
2.000 ms  kvs-1/proxy  Recv•Req=(kvs, Get(1))
3.000 ms  kvs-1/proxy  Send•Req=(kvs, Get(1))
3.000 ms  kvs-1        Recv•Req=(kvs, Get(1))
4.000 ms  kvs-1        Send•Res="a"
4.000 ms  kvs-1/proxy  Recv•Res="a"
5.000 ms  kvs-1/proxy  Send•Res="a"
6.000 ms  e/proxy      Recv•Res="a"
7.000 ms  e/proxy      Send•Res="a"
7.000 ms  e            Recv•Res="a"
`);
  });

  test("--global --diagram --last 1: a message for each hop", async () => {
    const args = ["--global", "--diagram", "--last", "1", "--from", fileOf(e, kvs)];
    expect((await heddle("history", ...args)).out).toBe(`\
e            ──●M1────────────────────────────────────────○M6──▶
e/proxy      ─────○M1──●M2────────────────────────○M5──●M6─────▶        ● Send   ○ Recv
kvs-1/proxy  ─────────────○M2──●M3────────○M4──●M5─────────────▶        M1 M2 M3 Get(1)   M4 M5 M6 "a"
kvs-1        ─────────────────────○M3──●M4─────────────────────▶
`);
  });

  test("-o svg: the diagram as a picture", async () => {
    const { out } = await heddle("history", "-o", "svg", "--from", fileOf(e, kvs));
    expect(out).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /);
    expect(out.match(/<circle/g)).toHaveLength(24);
  });

  test("-o json and yaml: each event, with its wall time and as it is written", async () => {
    const json = await heddle("history", "e", "-o", "json", "--from", fileOf(e, kvs));
    expect(JSON.parse(json.out)).toMatchObject([
      {
        endpoint: "default/e",
        isWhole: true,
        events: [
          {
            kind: "send",
            isInferred: true,
            observer: "default/e/proxy",
            wallMs: 1_000_100,
            text: 'Send•Req=(kvs, Put(1,"a"))',
            message: { target: "127.0.0.1:8001", service: "default/kvs:80" },
          },
          { kind: "recv", text: "Recv•Res=ok" },
          {},
          {},
        ],
      },
    ]);
    const yaml = await heddle("history", "e", "-o", "yaml", "--from", fileOf(e, kvs));
    expect(yaml.out).toContain("- endpoint: default/e\n  events:\n    - kind: send\n");
  });

  test("says what is not whole, and what is not there", async () => {
    const gap = { fromMs: 0, toMs: 50, missing: 3, reason: "overflow" } as const;
    const partial = await heddle("history", "e", "--from", fileOf({ ...e, gaps: [gap] }));
    expect(partial.err).toBe("not whole, something before or within is not recorded: default/e\n");
    expect(await heddle("history", "nobody", "--from", fileOf(e))).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing is recorded of "nobody"'),
    });
    expect((await heddle("history", "--from", fileOf())).err).toContain("nothing is recorded yet");
  });

  test("a file that is none is bad input, with its line", async () => {
    const path = join(folder, "broken.jsonl");
    writeFileSync(path, `${JSON.stringify({ batch: e })}\n{"batch":\n`);
    expect(await heddle("history", "--from", path)).toMatchObject({
      code: 65,
      err: expect.stringContaining(`${path}:2: no recorded line: `),
    });
    expect((await heddle("history", "--from", join(folder, "nowhere"))).code).toBe(65);
    expect((await heddle("history", "--from", folder)).err).toContain("it is a folder");
    for (const [line, why] of [
      ["\u001b[31m", String.raw`Unexpected token '\u001b'`],
      ["{}", "expected an object with batch, start or complete"],
      [JSON.stringify({ batch: { ...e, from: "one" } }), "from: Invalid type"],
      [
        JSON.stringify({ batch: { ...e, workload: { ...e.workload, name: "\u001b[31me" } } }),
        String.raw`control characters in a name: \u001b[31me`,
      ],
    ] as const) {
      writeFileSync(path, line);
      expect(await heddle("history", "--from", path)).toMatchObject({
        code: 65,
        err: expect.stringContaining(`${path}:1: no recorded line: ${why}`),
      });
    }
    writeFileSync(path, `\uFEFF${JSON.stringify({ batch: e })}\r\n`);
    expect((await heddle("history", "--from", path)).code).toBe(0);
    expect((await heddle("history", "--proxy", join(folder, "nowhere"))).code).toBe(1);
  });

  test.each([
    [["--follow", "--global"], "is not known"],
    [["--follow", "--from", "x"], "needs a control plane"],
    [["--steps", "--diagram"], "local histories"],
    [["--short", "--global"], "local histories"],
    [["--diagram", "-o", "json"], "svg"],
    [["--from", "x", "--proxy", "y"], "one of the two"],
    [["a/b/c"], "expected a name"],
    [["--last", "0"], "expected a whole number"],
  ])("%j is wrong use", async (argv, words) => {
    const { code, err } = await heddle("history", ...argv);
    expect(code).toBe(64);
    expect(err).toContain(words);
  });
});

describe("heddle view", () => {
  test("service structure: who asks which service", async () => {
    const { out } = await heddle("view", "service", "structure", "--from", fileOf(e, kvs));
    expect(out).toBe(`\
FROM   TO    REQUESTS   ATTEMPTS
e      kvs          2          2
`);
  });

  test("process structure: the hops, and the edge that each is part of", async () => {
    const { out } = await heddle("view", "process", "structure", "--from", fileOf(e, kvs));
    expect(out).toBe(`\
FROM          TO            REQUESTS   REPLIES   PART-OF
e             e/proxy              2         2   e → kvs
e/proxy       kvs-1/proxy          2         2   e → kvs
kvs-1/proxy   kvs-1                2         2   e → kvs
`);
  });

  test("service behaviour: processes alone, and services by name", async () => {
    const { out } = await heddle("view", "service", "behaviour", "--from", fileOf(e, kvs));
    expect(out).toBe(`\
History[e]
[Send•Req=(kvs, Put(1,"a")), Recv•Res=ok, Send•Req=(kvs, Get(1)), Recv•Res="a"]

History[kvs-1]
[Recv•Req=(kvs, Put(1,"a")), Send•Res=ok, Recv•Req=(kvs, Get(1)), Send•Res="a"]
`);
  });

  test("process behaviour: every endpoint, and addresses", async () => {
    const { out } = await heddle("view", "process", "behaviour", "--from", fileOf(e, kvs));
    expect(out.match(/^History.*$/gm)).toEqual([
      "History[e]",
      "History[e/proxy]",
      "History[kvs-1]",
      "History[kvs-1/proxy]",
    ]);
    expect(out).toContain('[Send•Req=(127.0.0.1:8001, Put(1,"a")), Recv•Res=ok');
    expect(out).toContain("Send•Req=(127.0.0.1:8002, Get(1))");
  });
});

describe("heddle verify addressing", () => {
  test("holds: 0", async () => {
    const { code, out } = await heddle("verify", "addressing", "--from", fileOf(e, kvs));
    expect(out).toBe(`\
 ✔ Send•M ∈ H[E1] ∧ Recv•M ∈ H[E2] ⟹ target-address[M] = address[E2]
     12 messages: 4 observed at both ends, 8 with one end inferred by the proxy beside it
 ✔ sent to S ⟹ received only by a process of S
     0 requests held against intent; 4 of which intent is not known
holds: 12 messages received by whom they were meant for; 0 lost, 0 in flight, 0 of which one end is not recorded
`);
    expect(code).toBe(0);
  });

  test("violated: 1, with E1, E2, M and both addresses", async () => {
    const other = { ...kvs, workload: { ...kvs.workload, name: "other-0" } };
    const { code, out } = await heddle("verify", "addressing", "--from", fileOf(e, other));
    expect(code).toBe(1);
    expect(out).toContain(`\
 ✘ Send•M ∈ H[E1] ∧ Recv•M ∈ H[E2] ⟹ target-address[M] = address[E2]
     12 messages: 4 observed at both ends, 8 with one end inferred by the proxy beside it
     E1 e/proxy   E2 other-0/proxy   M ${"aa".repeat(16)}.1.q, a request for kvs
        target-address[M] = 127.0.0.1:8002, meant for kvs-1/proxy; address[E2] = 127.0.0.1:8002
`);
    expect(out).toContain("violated: 2 messages came where they were not meant to");
  });

  test("undecided: 3", async () => {
    const { code, out } = await heddle("verify", "addressing", "--from", fileOf());
    expect(code).toBe(3);
    expect(out).toContain("undecided: no message is recorded at both ends");
  });

  test("-o json has all of it, with what it rests on", async () => {
    const { out } = await heddle("verify", "addressing", "-o", "json", "--from", fileOf(e, kvs));
    expect(JSON.parse(out)).toMatchObject({
      verdict: "holds",
      delivered: 12,
      violations: [],
      lost: [],
      inFlight: [],
      unknown: [],
      assumptions: expect.arrayContaining([expect.stringContaining("inferred")]),
    });
  });

  test("--last is wrong use: of a message both ends are needed", async () => {
    expect((await heddle("verify", "addressing", "--last", "5")).code).toBe(64);
  });
});
