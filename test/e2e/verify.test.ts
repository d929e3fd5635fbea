import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ExampleMesh } from "../support/mesh.ts";

/** `heddle verify kvs` on the example as it is, in the order of a story. */

let mesh: ExampleMesh;
beforeAll(async () => {
  mesh = await ExampleMesh.start();
}, 120_000);
afterAll(() => mesh?.stop());

const head = "Contract kvs on Service kvs, linearizable, key by key\n";
const axioms = ' ✔ get (empty) k → ""     ✔ get (put (empty) k v) k → v     ✔ 2 of our extension\n';
const drive = ["verify", "kvs", "--drive", "--yes", "--seed", "7"];

/** The state of each process of kvs: `T` is stopped by a signal. */
async function processStates(): Promise<readonly string[]> {
  const pids = (await mesh.workloads()).flatMap(({ name, app }) =>
    name.startsWith("kvs-") && app?.pid != null ? [app.pid] : [],
  );
  return pids.map((pid) => /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "latin1"))![1]!);
}

async function guestsAndFaults(): Promise<readonly unknown[]> {
  const guests = (await mesh.workloads()).filter(({ name }) => name.startsWith("verify-"));
  const { items } = await mesh.json<{ readonly items: readonly unknown[] }>("get", "faults");
  return [...guests, ...items];
}

test("with a Placement it holds: every operation was seen by its caller, and by both proxies", async () => {
  const { code, stdout, stderr } = await mesh.heddle(...drive, "--operations", "2000");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.replace(/in [\d.]+ s/, "in … s")).toBe(
    `${head}${axioms}holds: 2,000 operations on 200 keys by 8 callers in … s; every event recorded, 0 may have happened, 0 refused\n`,
  );
});

test("what the mesh recorded of it by itself says the same", async () => {
  const { code, stdout } = await mesh.heddle("verify", "kvs");
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/^holds: [\d,]+ operations on 2\d\d keys by \d callers since /m);
});

test("paused processes, delays and resets: some may have happened, and it holds", async () => {
  const faults = ["--faults", "pause,delay,reset", "--for", "3s"];
  const { code, stdout } = await mesh.heddle(...drive, ...faults);
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(
    /^ faults: paused kvs-\d for .*; 5 % of the requests held back for 50 ms/m,
  );
  expect(stdout).toMatch(/; every event recorded, [1-9]\d* may have happened, 0 refused/);
  expect(await processStates()).not.toContain("T");
  expect(await guestsAndFaults()).toEqual([]);
});

test("Ctrl-C ends the drive: nobody stays paused, the workload goes, what there is is judged", async () => {
  const child = start(...drive, "--operations", "1000000", "--faults", "pause");
  while (!(await guestsAndFaults()).some(Boolean)) await soon();
  while (!(await processStates()).includes("T")) await soon();
  child.process.kill("SIGINT");
  expect(await child.ended, child.text()).toBe(0);
  expect(child.text()).toMatch(/^holds: /m);
  expect(await processStates()).not.toContain("T");
  while ((await guestsAndFaults()).length > 0) await soon();
});

test("without the Placement it is violated, and a two-event history says so", async () => {
  await mesh.heddle("delete", "placement", "kvs-by-key");
  const { code, stdout } = await mesh.heddle(...drive, "--operations", "2000");
  expect(code, stdout).toBe(1);
  // A put that another process does not know of, or a read that knows nothing of the one before.
  expect(stdout).toMatch(/^ {5}\[Send•Req=\(kvs, .*Recv•Res=[^\]]*\] {5}expected ".*"$/m);
  expect(stdout).toMatch(/^ {5}(Put|Get)\(2000.* was answered by kvs-\d/m);
  expect(stdout).toMatch(
    /^violated: \d+ of 200 keys\. kvs keeps state by key, and 3 processes answer for each\. A Placement cures it: .*heddle explain placement$/m,
  );
  const json = await mesh.heddle(...drive, "--operations", "1000", "-o", "json");
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    verdict: "violated",
    operations: 1000,
    observed: 1000,
    inferred: 0,
    counterexample: { expected: {} },
  });
});

test("--watch says so too, while others ask, and the Contract carries it", async () => {
  const child = start("verify", "kvs", "--watch");
  while (!/^(holds|undecided): /m.test(child.text())) await soon();
  await mesh.heddle(...drive, "--operations", "1000");
  while (!/^violated: /m.test(child.text())) await soon();
  while (!(await mesh.heddle("get", "contract", "kvs")).stdout.includes("violated")) await soon();
  child.process.kill("SIGINT");
  expect(await child.ended, child.text()).toBe(1);
});

const soon = () => new Promise((resolve) => setTimeout(resolve, 50));

function start(...args: readonly string[]) {
  const main = join(import.meta.dirname, "../../packages/cli/src/main.ts");
  const child: ChildProcess = spawn(process.execPath, [main, ...args], { cwd: mesh.folder });
  let text = "";
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { process: child, ended, text: () => text };
}
