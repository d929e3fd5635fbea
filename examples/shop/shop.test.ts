import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort, whenListening } from "../../test/support/ports.ts";
import { call } from "./grpc.ts";

const programs: ChildProcess[] = [];
let payments = 0;
let catalogue = 0;

async function start(program: string, ...args: readonly string[]): Promise<number> {
  const [port, lines] = [await freePort(), await freePort()];
  const env = { ...process.env, PORT: String(port), PORT_LINES: String(lines) };
  const child = spawn(process.execPath, [join(import.meta.dirname, program), ...args], { env });
  programs.push(child);
  await whenListening(port);
  return port;
}

beforeAll(async () => {
  [payments, catalogue] = await Promise.all([start("payments.ts"), start("catalogue.ts", "v2")]);
});
afterAll(async () => {
  // They end by themselves: what would not would be killed by heddle only after its grace, at each change.
  const ends = programs.map((program) => once(program, "exit"));
  for (const program of programs) program.kill();
  await Promise.all(ends);
});

test("payments takes what is an amount, and refuses the rest as gRPC does", async () => {
  const url = `http://127.0.0.1:${payments}`;
  const paid = await call(url, "/shop.Payments/Pay", { amount: 7 });
  expect(paid).toEqual({ status: 0, reply: { text: "paid 7", by: "nobody" } });
  expect((await call(url, "/shop.Payments/Pay", { amount: 0 })).status).toBe(3);
  expect((await call(url, "/shop.Payments/Steal", { amount: 7 })).status).toBe(12);
});

test("the catalogue is out of order every other time where it is asked for that", async () => {
  const ask = async (path: string) => (await fetch(`http://127.0.0.1:${catalogue}${path}`)).status;
  expect(await ask("/items")).toBe(200);
  expect([await ask("/flaky"), await ask("/flaky"), await ask("/flaky")]).toEqual([503, 200, 503]);
  expect(await ask("/broken")).toBe(503);
});
