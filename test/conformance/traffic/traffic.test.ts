import { afterAll, beforeAll, expect, test } from "vitest";
import { changeUnderLoad } from "../../acceptance/changes.ts";
import { upstreamCases } from "./cases/upstream.ts";
import { EchoMesh } from "./echo-mesh.ts";
import { runCase } from "./traffic-case.ts";

let mesh: EchoMesh;
beforeAll(async () => {
  mesh = await EchoMesh.start();
});
afterAll(() => mesh?.stop());

test.each(upstreamCases)("of the Gateway API's cases for meshes: $name", async (one) => {
  expect(await runCase(one, mesh, mesh)).toBeNull();
});

test("thirty changes of routes under load: each is seen in force, and no request fails", async () => {
  const run = { changes: 30, seconds: 1, requestsPerSecond: 200, routes: 8, seed: 7 };
  const { made, sent, wrong } = await changeUnderLoad(mesh, run);
  expect([...wrong]).toEqual([]);
  expect(made).toBe(30);
  expect(sent).toBeGreaterThan(100);
});
