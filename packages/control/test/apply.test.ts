import { connect } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ApplyRequest, ApplyResult } from "../src/api/verbs.ts";
import { NotCommittedError } from "../src/store/store.ts";
import { Api, type Reply } from "./api-client.ts";
import { placement, process, service } from "./resources.ts";

let api: Api;
beforeEach(async () => {
  api = await Api.open();
});
afterEach(() => api.close());

function apply(resources: readonly unknown[], change: Partial<ApplyRequest> = {}): Promise<Reply> {
  const request = {
    owner: "mesh.yaml",
    author: "dana",
    cause: "up mesh.yaml",
    resources,
    ...change,
  };
  return api.call("POST", "/heddle/v1/apply", request);
}

const actions = (result: ApplyResult) =>
  result.changes.map(({ kind, name, action }) => `${kind}/${name} ${action}`);
const names = async (plural: string) =>
  (await api.get(`/api/v1/namespaces/default/${plural}`)).body.items.map(
    (item: { metadata: { name: string } }) => item.metadata.name,
  );

test("a set is one revision, with author, cause and all that changed", async () => {
  const { status, body } = await apply([process("kvs"), service("kvs"), placement("p", "kvs")]);
  expect([status, body.revision]).toEqual([200, 1]);
  expect(actions(body)).toEqual([
    "Process/kvs created",
    "Service/kvs created",
    "Placement/p created",
  ]);
  const revisions = (await api.get("/heddle/v1/revisions")).body;
  expect(revisions).toMatchObject([
    {
      revision: 1,
      author: "dana",
      cause: "up mesh.yaml",
      summary: ["+ Process/kvs", "+ Service/kvs", "+ Placement/p"],
    },
  ]);
});

test("applied again, a set changes nothing and makes no revision", async () => {
  await apply([process("kvs"), service("kvs")]);
  const { body } = await apply([process("kvs"), service("kvs")]);
  expect(body.revision).toBe(1);
  expect(actions(body)).toEqual(["Process/kvs unchanged", "Service/kvs unchanged"]);
});

test("of a set with errors nothing is applied, and every error is said with its resource", async () => {
  const { status, body } = await apply([
    service("good"),
    process("kvs", { replicas: -1, comand: [] }),
    { apiVersion: "v1", kind: "Secret", metadata: { name: "c" } },
    service("good"),
  ]);
  expect(status).toBe(422);
  expect(body.message).toBe("4 errors, nothing applied");
  expect(body.details.causes.map((cause: { field: string }) => cause.field).sort()).toEqual([
    "Process/kvs spec.comand",
    "Process/kvs spec.replicas",
    "Secret/c kind",
    "Service/good",
  ]);
  expect(await names("services")).toEqual([]);
  expect((await api.get("/heddle/v1/info")).body.revision).toBe(0);
});

test("what an owner no longer names is told, and pruned where asked; what others applied stays", async () => {
  await apply([service("a"), service("b")]);
  await apply([service("c")], { owner: null });
  const told = await apply([service("a")]);
  expect(actions(told.body)).toEqual(["Service/a unchanged", "Service/b orphaned"]);
  expect(await names("services")).toEqual(["a", "b", "c"]);
  const pruned = await apply([service("a")], { prune: true });
  expect(actions(pruned.body)).toEqual(["Service/a unchanged", "Service/b pruned"]);
  expect(await names("services")).toEqual(["a", "c"]);
});

test("an update by nobody leaves a resource with its owner", async () => {
  await apply([service("a")]);
  await apply([service("a", "changed")], { owner: null });
  const { body } = await apply([], { prune: true });
  expect(actions(body)).toEqual(["Service/a pruned"]);
});

test("a dry run says what would be", async () => {
  const { body } = await apply([service("a")], { dryRun: true });
  expect(actions(body)).toEqual(["Service/a created"]);
  expect(await names("services")).toEqual([]);
});

test("a rollback makes the intent of an earlier revision hold again, as a new revision", async () => {
  await apply([service("a"), service("b")]);
  await apply([service("a", "changed"), service("c")], { prune: true });
  const { status, body } = await api.call("POST", "/heddle/v1/rollback", {
    revision: 1,
    author: "dana",
  });
  expect([status, body.revision]).toEqual([200, 3]);
  expect(await names("services")).toEqual(["a", "b"]);
  const a = (await api.get("/api/v1/namespaces/default/services/a")).body;
  expect(a.spec.selector).toEqual({ app: "a" });
  // … of which one can go back, too; to before everything as well.
  await api.call("POST", "/heddle/v1/rollback", { revision: 2, author: "dana" });
  expect(await names("services")).toEqual(["a", "c"]);
  await api.call("POST", "/heddle/v1/rollback", { revision: 0, author: "dana" });
  expect(await names("services")).toEqual([]);
  const unknown = await api.call("POST", "/heddle/v1/rollback", { revision: 99, author: "dana" });
  expect(unknown.status).toBe(404);
});

test("workloads and statuses make no revision", async () => {
  await apply([process("kvs", { replicas: 3 })]);
  await api.plane.until("workloads", () => api.plane.uidOf("kvs-2"));
  api.plane.setReady("kvs-0", true);
  await api.plane.until("status", () => {
    const status = api.plane.controller.objects.workloads.get("default/kvs-0")?.status;
    return status?.ready === true;
  });
  expect((await api.get("/heddle/v1/info")).body.revision).toBe(1);
});

test("a command is given a workload for as long as it listens", async () => {
  await apply([service("kvs")]);
  const stream = api.stream("POST", "/heddle/v1/exec", { name: "e" });
  const grant = await stream.next();
  expect(grant).toMatchObject({ name: "e", namespace: "default" });
  expect(grant.env.KVS_SERVICE_URL).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  expect(grant.env.HTTP_PROXY).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
  expect(api.plane.uidOf("e")).toBe(grant.uid);
  const twice = await api.call("POST", "/heddle/v1/exec", { name: "e" });
  expect(twice.body.reason).toBe("AlreadyExists");
  stream.close();
  await api.plane.until("gone", () => api.plane.uidOf("e") === null);
});

test("ps, endpoints and stat tell of workloads that nobody has called yet", async () => {
  await apply([process("kvs", { replicas: 2 }), service("kvs"), placement("p", "kvs", 10)]);
  await api.plane.until("slots", () => api.plane.controller.index.inputs.slots.get("default/kvs"));
  const ps = (await api.get("/heddle/v1/ps")).body;
  expect(ps.map((row: { name: string; isReady: boolean }) => [row.name, row.isReady])).toEqual([
    ["kvs-0", false],
    ["kvs-1", false],
  ]);
  const endpoints = (await api.get("/heddle/v1/endpoints?service=kvs")).body;
  expect(endpoints).toMatchObject([
    {
      workload: "kvs-0",
      state: "waiting",
      slots: 5,
      identity: "spiffe://heddle.local/ns/default/sa/kvs",
    },
    { workload: "kvs-1", state: "waiting", slots: 5 },
  ]);
  expect((await api.get("/heddle/v1/stat")).body).toMatchObject([
    { name: "kvs", meshed: { ready: 0, total: 2 }, success: null, rps: 0 },
  ]);
});

test("a Process and a Gateway of one name are refused, unless one goes as the other comes", async () => {
  const gateway = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "front" },
    spec: {
      gatewayClassName: "heddle",
      listeners: [{ name: "http", protocol: "HTTP", port: 8080 }],
    },
  };
  const message = (rival: string) =>
    `${rival}/front runs as workload front-0 already; one of the two needs another name`;
  const both = await apply([process("front"), gateway]);
  expect(both.body.details.causes).toEqual([
    {
      reason: "FieldValueDuplicate",
      field: "Process/front metadata.name",
      message: message("Gateway"),
    },
    {
      reason: "FieldValueDuplicate",
      field: "Gateway/front metadata.name",
      message: message("Process"),
    },
  ]);
  await apply([process("front")]);
  const path = "/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways";
  const alone = await api.call("POST", path, gateway);
  expect([alone.status, alone.body.message]).toEqual([
    422,
    `Gateway.gateway.networking.k8s.io "front" is invalid: metadata.name: ${message("Process")}`,
  ]);
  expect((await apply([gateway])).status).toBe(422);
  const replaced = await apply([gateway], { prune: true });
  expect(actions(replaced.body)).toEqual(["Gateway/front created", "Process/front pruned"]);
});

test("a rollback to what holds already changes nothing", async () => {
  await apply([service("a")]);
  await apply([service("a"), service("b")]);
  const back = { revision: 1, author: "dana" };
  expect((await api.call("POST", "/heddle/v1/rollback", back)).body.revision).toBe(3);
  const { body } = await api.call("POST", "/heddle/v1/rollback", back);
  expect([body.revision, body.changes]).toEqual([3, []]);
});

test("a store that cannot write says why, and nothing has changed", async () => {
  vi.spyOn(api.plane.store, "commit").mockRejectedValueOnce(
    new NotCommittedError("nothing was written to store.db: database or disk is full"),
  );
  const { status, body } = await apply([service("a")]);
  expect([status, body.message]).toEqual([
    500,
    "nothing was written to store.db: database or disk is full",
  ]);
  expect((await apply([service("a")])).body.revision).toBe(1);
});

test("who sends too much and reads only then is told so, and does not wait for ever", async () => {
  const { port } = api.server;
  const bytes = 17 << 20;
  const client = connect(port, "127.0.0.1");
  client.pause();
  client.write(
    `POST /heddle/v1/apply HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${api.token}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${bytes}\r\nConnection: close\r\n\r\n`,
  );
  await new Promise((resolve) => client.write(Buffer.alloc(bytes, " "), resolve));
  const reply = (await client.resume().toArray()).join("");
  expect(reply).toMatch(/^HTTP\/1\.1 413 .*a body has at most 16 MiB/s);
});
