import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Evidence } from "@heddle/mesh/check/evidence.ts";
import type { RecordedBatch, RecordedLine } from "@heddle/mesh/history/batch.ts";
import { kinds } from "@heddle/mesh/resource/index.ts";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { recordEvidence } from "../../../mesh/test/check/judged-mesh.ts";
import { mutants } from "../../../mesh/test/check/mutants.ts";
import { runOn } from "./run-on.fixture.ts";

let folder: string;
let server: Server;
let evidence: Evidence;
/** What the API gives. */
let batches: readonly RecordedBatch[];
let revisions: readonly object[];
let asked: string[];
let profile: string;

beforeAll(async () => {
  evidence = await recordEvidence(1);
});

beforeEach(async () => {
  [batches, revisions, asked, profile] = [evidence.batches, [], [], "run"];
  folder = mkdtempSync(join(tmpdir(), "heddle-verify-constraints-"));
  server = createServer((request, reply) => {
    asked.push(request.url!);
    const [path = ""] = request.url!.split("?");
    if (path.endsWith("/recorded")) {
      const complete = { whole: 0, sampled: 0, boot: "boot" };
      const lines: RecordedLine[] = [...batches.map((batch) => ({ batch })), { complete }];
      reply.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    } else if (path.endsWith("/revisions")) reply.end(JSON.stringify(revisions));
    else if (path.endsWith("/info")) reply.end(JSON.stringify({ profile }));
    else if (path.includes("/revisions/")) reply.end(JSON.stringify(revisions[0]));
    else reply.end(JSON.stringify({ items: itemsOf(path.slice(path.lastIndexOf("/") + 1)) }));
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

function itemsOf(plural: string): readonly object[] {
  const kind = kinds.find((one) => one.plural === plural)?.kind;
  if (kind === "Workload") return evidence.workloads;
  return evidence.intent.at(-1)!.resources.filter((one) => one.kind === kind);
}

const verify = (...options: readonly string[]) =>
  runOn(folder, ["verify", "constraints", ...options]);

test("what was kept holds: exit 0, a line for each kind", async () => {
  const { code, out } = await verify();
  expect(out).toMatch(
    /^ ✔ addressing .*\n ✔ placement .*\n ✔ split .*\n ✔ timeout .*\n ✔ rate .*\n ✔ budget .*\n ✔ affinity .*\n ✔ access .*\nholds: \d+ exchanges, as \d+ proxies recorded them\n$/,
  );
  expect(code).toBe(0);
});

test("what was not is violated: exit 1, with what was expected and found", async () => {
  const mutant = mutants.find(({ name }) => name === "the Placement is dropped")!;
  ({ batches } = await recordEvidence(1, mutant));
  const { code, out } = await verify();
  expect(out).toContain(" ✘ placement");
  expect(out).toMatch(/key 0 of default\/kvs was processed by 3 processes\n +expected one process/);
  expect(code).toBe(1);
});

test("of what nothing was recorded nothing is said: exit 3, and as data", async () => {
  batches = [];
  const { code, out } = await verify("-o", "json");
  const { verdict, constraints } = JSON.parse(out);
  expect(verdict).toBe("undecided");
  expect(constraints.map(({ kind }: { kind: string }) => kind)).toEqual([
    "addressing",
    "placement",
    "split",
    "timeout",
    "rate",
    "budget",
    "affinity",
    "access",
  ]);
  expect(code).toBe(3);
});

test("what was meant before a revision is what was true before it", async () => {
  const placed = evidence.intent[0]!.resources.find(({ kind }) => kind === "Placement")!;
  const mutant = mutants.find(({ name }) => name === "the Placement is dropped")!;
  ({ batches } = await recordEvidence(1, mutant));
  const [first] = batches;
  // It came after all that was recorded.
  const atWallMs = first!.wallOffsetMs + 1_000_000_000;
  revisions = [{ revision: 2, atWallMs, changes: [{ before: null, after: placed }] }];
  const { code, out } = await verify();
  expect(out).toContain(" ? placement");
  expect(code).toBe(3);
});

test("where nobody sees traffic it says why", async () => {
  profile = "crawl";
  const { code, err } = await verify();
  expect(err).toContain("there are no proxies");
  expect(code).toBe(1);
});

test("--since asks for a little more, since a message has two ends", async () => {
  await verify("--since", "2026-01-01T00:01:00Z");
  const query = new URLSearchParams(asked.find((url) => url.includes("/recorded"))!.split("?")[1]);
  expect(Number(query.get("since"))).toBe(Date.parse("2026-01-01T00:00:50Z"));
});

test.each([["--last", "5"], ["--from", "x.jsonl"], ["--drive"], ["--namespace", "shop"]])(
  "what it would not act on is refused: %s",
  async (...options) => {
    const { code, err } = await verify(...options);
    expect(err).toContain("not with verify constraints");
    expect(code).toBe(64);
    expect(asked).toEqual([]);
  },
);
