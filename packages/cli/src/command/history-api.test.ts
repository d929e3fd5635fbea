import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { RecordedLine } from "@heddle/mesh/history/batch.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { kvsDoc } from "../../../mesh/test/net/recorder-rig.ts";
import {
  batchOf,
  inboundExchange,
  operation,
  outboundExchange,
} from "../../../mesh/test/support/recorded.ts";
import { runOn } from "./run-on.fixture.ts";

const get = { operation: operation("1", null, "a") };
const e = batchOf("e", [outboundExchange(get)]);
const kvs = batchOf("kvs-1", [inboundExchange(get)]);
const row = (name: string, process: string) => ({ namespace: "default", name, process });

let folder: string;
let server: Server;
/** What was asked, and what `recorded` gives. */
let asked: string[];
let lines: readonly RecordedLine[];
let profile: string;

beforeEach(async () => {
  [asked, lines, profile] = [[], [{ batch: e }, { batch: kvs }], "run"];
  folder = mkdtempSync(join(tmpdir(), "heddle-history-api-"));
  const answers: Readonly<Record<string, () => unknown>> = {
    "/heddle/v1/info": () => ({ profile }),
    "/heddle/v1/ps": () => [row("e", "e"), row("kvs-1", "kvs")],
    "/heddle/v1/contracts": () => [{ namespace: "default", name: "kvs", doc: kvsDoc }],
    "/heddle/v1/endpoints": () => [{ namespace: "default", service: "kvs", workload: "kvs-1" }],
    "/heddle/v1/revisions": () => [],
    "/api/v1/services": () => ({ items: [{ metadata: { name: "kvs", namespace: "default" } }] }),
  };
  server = createServer((request, reply) => {
    const [path = ""] = request.url!.split("?");
    asked.push(request.url!.replace(/^\/heddle\/v1\//, ""));
    if (/\/recorded$/.test(path)) {
      reply.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    } else {
      const name = path.replace("/namespaces/default", "");
      reply.end(JSON.stringify(answers[name]!()));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const tokenFile = join(folder, "api.token");
  writeFileSync(tokenFile, "secret\n");
  const file = { address: { host: "127.0.0.1", port }, tokenFile, pid: 1 };
  writeFileSync(join(folder, "api.json"), JSON.stringify(file));
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const heddle = (...argv: readonly string[]) => runOn(folder, argv);

describe("from a control plane", () => {
  test("a workload's own history is asked of its own record alone", async () => {
    const { out } = await heddle("history", "e");
    expect(out).toBe('History[e]\n[Send•Req=(kvs, Get(1)), Recv•Res="a"]\n');
    expect(asked).toContain("recorded?last=50000&workload=e&namespace=default");
  });

  test("a name that is a Service's means the processes behind it, with all that they did", async () => {
    const other = outboundExchange({ id: 5, seq: 30, atMs: 300, service: "default/other" });
    lines = [{ batch: e }, { batch: { ...kvs, exchanges: [...kvs.exchanges, other] } }];
    const { out } = await heddle("history", "kvs");
    expect(out).toBe(`History[kvs-1]
[Recv•Req=(kvs, Get(1)), Send•Res="a", Send•Req=(other, GET /1), Recv•Res=200]
`);
    expect(asked).toContain("recorded?last=50000&namespace=default");
  });

  test("of a global view both ends are asked for, as far back as is said", async () => {
    const { out } = await heddle("history", "e", "--global", "--since", "2025-12-31T23:59:00Z");
    expect(out.split("\n").filter((line) => line !== "")).toHaveLength(12);
    expect(asked).toContain(`recorded?last=200000&since=${Date.parse("2025-12-31T23:59:00Z")}`);
  });

  test("the last few are looked for in what is recent, and where that is too little in all", async () => {
    const reads = () => asked.filter((path) => path.startsWith("recorded"));
    const whole = lines;
    lines = [...whole, { complete: { whole: 0, sampled: 0, boot: "boot", leftOutUntilWallMs: 1 } }];
    await heddle("history", "--diagram", "--last", "1");
    expect(reads()).toEqual(["recorded?last=2000", "recorded?last=20000", "recorded?last=50000"]);
    asked = [];
    lines = whole;
    await heddle("history", "--diagram", "--last", "1");
    expect(reads()).toEqual(["recorded?last=2000", "recorded?last=50000"]);
    asked = [];
    lines = [
      {
        batch: batchOf(
          "e",
          [1, 2].map((id) => outboundExchange({ id, seq: 4 * id })),
        ),
      },
    ];
    const { out } = await heddle("history", "e", "--diagram", "--last", "1");
    expect(reads()).toHaveLength(1);
    expect(out).toContain("M1 M2 GET /1");
    expect(out).not.toContain("M7");
  });

  test("verify addressing asks intent who backs which service", async () => {
    const { code, out } = await heddle("verify", "addressing");
    expect(code).toBe(0);
    expect(out).toContain("2 requests held against intent; 0 of which intent is not known");
  });

  test("what intent gives to nobody is a violation", async () => {
    const stranger = { ...kvs, workload: { ...kvs.workload, name: "e" }, life: "x" };
    lines = [{ batch: { ...e, workload: { ...e.workload, name: "kvs-1" } } }, { batch: stranger }];
    const { code, out } = await heddle("verify", "addressing");
    expect(code).toBe(1);
    expect(out).toContain(" ✘ sent to S ⟹ received only by a process of S\n");
  });

  test("at the edge of what is kept a message with one end is not called unexplained", async () => {
    const since = new Date(1_000_101).toISOString(); // e asked before, kvs-1 was asked after
    const later = outboundExchange({ id: 7, seq: 50, atMs: 60_000 });
    lines = [{ batch: batchOf("e", [later]) }, { batch: kvs }];
    const { out } = await heddle("verify", "addressing", "--since", since);
    expect(out).not.toContain("not explained");
  });

  test("--follow prints events as they come, and what is missing", async () => {
    const gap = { fromMs: 1, toMs: 2, missing: 4, reason: "rate" } as const;
    lines = [{ batch: { ...e, gaps: [gap] } }, { batch: kvs }];
    const { out, err } = await heddle("history", "e", "--follow");
    expect(out).toBe('e  Send•Req=(kvs, Get(1))\ne  Recv•Res="a"\n');
    expect(err).toBe("… e: 4 exchanges are missing (rate)\n");
    const now = new VirtualClock().wallMs();
    expect(asked).toContain(`recorded?follow=true&since=${now}&namespace=default&workload=e`);
  });

  test("--follow of a service has who is behind it, and as JSON an event a line", async () => {
    const other = outboundExchange({ id: 5, seq: 30, atMs: 300, service: "default/other" });
    lines = [{ batch: { ...kvs, exchanges: [other] } }, { batch: kvs }, { batch: e }];
    const { out } = await heddle("history", "service/kvs", "-f", "-o", "json");
    const events = out.trimEnd().split("\n");
    expect(events.map((line) => JSON.parse(line).text)).toEqual([
      "Send•Req=(other, GET /1)",
      "Recv•Res=200",
      "Recv•Req=(kvs, Get(1))",
      'Send•Res="a"',
    ]);
  });

  test.each(["history", "view service structure", "verify addressing"])(
    "%s says why nobody sees traffic in the profile walk",
    async (words) => {
      profile = "walk";
      const { code, err } = await heddle(...words.split(" "));
      expect(code).toBe(1);
      expect(err).toContain("profile walk: the proxies run from files");
      expect(err).toContain("admin.sock");
    },
  );
});
