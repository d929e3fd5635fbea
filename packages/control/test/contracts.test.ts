import type { Verdict } from "@heddle/mesh/contract/verdict.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Api } from "./api-client.ts";
import { placement, process, service } from "./resources.ts";

let api: Api;
beforeEach(async () => {
  api = await Api.open();
});
afterEach(() => api.close());

const key = { parameter: "k", type: "integer" };
const operations = [
  { name: "get", takes: ["k"], changes: false, method: "GET", path: [key], ok: [200] },
  { name: "put", takes: ["k"], changes: true, method: "PUT", path: [key], ok: [201] },
];

function contract(name: string, spec: object = {}): Resource {
  return {
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Contract",
    metadata: { name, namespace: "default" },
    spec: {
      targetRefs: [{ kind: "Service", name: "kvs" }],
      definition: "kvs",
      consistency: "linearizable",
      key: "k",
      operations,
      ...spec,
    },
  };
}

const apply = async (...resources: readonly Resource[]) => {
  const request = { owner: null, author: "dana", cause: "apply", resources };
  const { status, body } = await api.call("POST", "/heddle/v1/apply", request);
  expect(status).toBe(200);
  return body.warnings as readonly string[];
};

const path = "/apis/heddle.dev/v1alpha1/namespaces/default/contracts";

/** `Accepted True Accepted` for each of its conditions, once they are there. */
async function conditions(name: string, type: string, expected: string): Promise<void> {
  const deadline = AbortSignal.timeout(10_000);
  for (;;) {
    const { body } = await api.get(`${path}/${name}`);
    const found = (body.status?.conditions ?? []).find(
      (one: { type: string }) => one.type === type,
    );
    const said = found === undefined ? "nothing" : `${found.status} ${found.reason}`;
    if (said === expected) return;
    if (deadline.aborted) throw new Error(`${type}: ${said}, expected ${expected}`);
    await new Promise<void>((resolve) => api.plane.clock.after(20, resolve));
  }
}

const verdict = (word: Verdict["verdict"], more: Partial<Verdict> = {}) => ({
  namespace: "default",
  contract: "kvs",
  verdict: {
    verdict: word,
    contract: "default/kvs",
    service: "default/kvs",
    consistency: "linearizable",
    operations: 100,
    keys: 10,
    callers: 2,
    violatedKeys: [],
    undecidedKeys: [],
    ...more,
  },
});

test("whoever lets keys move is told so when it is applied, with the Placement that cures it", async () => {
  const set = [service("kvs"), process("kvs", { replicas: 3 }), contract("kvs")];
  const [warning, ...others] = await apply(...set);
  expect(others).toEqual([]);
  expect(warning).toMatch(/^Contract kvs keeps state by k, and 3 processes .* kind: Placement/);
  await conditions("kvs", "Placed", "False KeyMayMove");
  const { body } = await api.get("/heddle/v1/check");
  expect(body.conditions).toContainEqual({
    resource: "Contract/default/kvs",
    type: "Placed",
    reason: "KeyMayMove",
    message: warning,
  });
  expect(await apply(placement("kvs-by-k", "kvs"))).toEqual([]);
  await conditions("kvs", "Placed", "True Placed");
  // The cause may be in another set than the Contract.
  expect(await apply(process("kvs", { replicas: 4 }))).toEqual([]);
});

test("contracts are told with what proxies have of them", async () => {
  await apply(service("kvs"), process("kvs"), contract("kvs"), contract("late"));
  await api.plane.until(
    "compiled",
    () => api.plane.controller.index.outputs.services.get("default/kvs")?.doc.contract,
  );
  await conditions("late", "Accepted", "False Conflicted");
  const { body } = await api.get("/heddle/v1/contracts?service=kvs");
  expect(body).toMatchObject([
    { name: "kvs", service: "kvs", definition: "kvs", doc: { name: "default/kvs", key: "k" } },
    { name: "late", doc: null },
  ]);
  expect((await api.get("/heddle/v1/contracts?service=other")).body).toEqual([]);
});

test("a verdict is a condition, a column, a metric, and where it changes for people an Event", async () => {
  await apply(service("kvs"), process("kvs"), contract("kvs"));
  await api.plane.until(
    "known",
    () => api.plane.controller.index.inputs.resources.all("Contract").size > 0,
  );
  const report = async (body: object) =>
    (await api.call("POST", "/heddle/v1/verdicts", body)).status;
  expect(await report(verdict("holds"))).toBe(200);
  await conditions("kvs", "Holds", "True ContractHolds");
  expect((await api.get("/api/v1/namespaces/default/events")).body.items).toEqual([]);
  const violated = verdict("violated", { violatedKeys: ["7", "8"] });
  expect([await report(violated), await report(violated)]).toEqual([200, 200]);
  await conditions("kvs", "Holds", "False ContractViolated");
  expect(await api.text("/metrics")).toContain(
    'heddle_contract_verdict{namespace="default",contract="kvs",verdict="violated"} 1',
  );
  // A change of intent leaves it, with the generation that it spoke of.
  await apply(contract("kvs", { values: "clear" }));
  await conditions("kvs", "Accepted", "True Accepted");
  await conditions("kvs", "Holds", "False ContractViolated");
  expect(await report(verdict("holds"))).toBe(200);
  const { body } = await api.get("/api/v1/namespaces/default/events");
  expect(
    body.items.map(({ type, reason, count }: { type: string; reason: string; count: number }) => [
      type,
      reason,
      count,
    ]),
  ).toEqual(
    expect.arrayContaining([
      ["Warning", "ContractViolated", 2],
      ["Normal", "ContractHolds", 1],
    ]),
  );
  expect(body.items[0]).toMatchObject({ involvedObject: { kind: "Contract", name: "kvs" } });
});

test("a report that is none is refused", async () => {
  await apply(service("kvs"), contract("kvs"));
  await api.plane.until(
    "known",
    () => api.plane.controller.index.inputs.resources.all("Contract").size > 0,
  );
  const good = verdict("holds");
  for (const [status, body] of [
    [404, { ...good, contract: "other" }],
    [400, { ...good, verdict: null }],
    [400, verdict("perhaps" as "holds")],
    [400, verdict("holds", { keys: "many" as never })],
    [400, verdict("violated", { violatedKeys: [1] as never })],
  ] as const) {
    expect((await api.call("POST", "/heddle/v1/verdicts", body)).status).toBe(status);
  }
});

test("a Fault goes with the driver that made it, however that ended", async () => {
  await apply(service("kvs"), process("kvs"));
  const stream = api.stream("POST", "/heddle/v1/exec", { name: "driver" });
  const { uid, name } = await stream.next();
  const faults = "/apis/heddle.dev/v1alpha1/namespaces/default/faults";
  const owner = { apiVersion: "heddle.dev/v1alpha1", kind: "Workload", name, uid };
  const fault = {
    metadata: { name: "drive", ownerReferences: [owner] },
    spec: { targetRefs: [{ kind: "Service", name: "kvs" }], reset: { percent: 5 } },
  };
  expect((await api.call("POST", faults, fault)).status).toBe(201);
  const faultOf = () => api.plane.controller.index.outputs.services.get("default/kvs")?.doc.fault;
  expect(await api.plane.until("the fault", faultOf)).toMatchObject({ name: "default/drive" });
  stream.close(); // as the end of a killed process ends it
  await api.plane.until("no fault", () => faultOf() === null);
  expect((await api.get(`${faults}/drive`)).status).toBe(404);
});
