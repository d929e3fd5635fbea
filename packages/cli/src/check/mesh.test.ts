import type { CheckData, WorkloadRow } from "@heddle/control/api/verbs.ts";
import { expect, test } from "vitest";
import { checkMesh } from "./mesh.ts";

const dayMs = 24 * 3600 * 1000;
const part = { phase: "running", isReady: true, pid: 1, restarts: 0, sinceWallMs: 0, reason: null };
const workload: WorkloadRow = {
  uid: "u",
  name: "kvs-0",
  namespace: "default",
  process: "kvs",
  gateway: null,
  app: part,
  proxy: part,
  isCurrent: true,
  isConnected: true,
  isReady: true,
  isDraining: false,
  ports: {},
  urls: [],
  reason: null,
};
const well: CheckData = {
  info: {
    version: "0.1.0",
    epoch: "e",
    revision: 1,
    startedWallMs: 0,
    rootFingerprint: "2af3:91c0",
    isRootNew: false,
    trustDomain: "heddle.local",
    profile: "run",
  },
  nowWallMs: 0,
  rootExpiresWallMs: 3650 * dayMs,
  workloads: [workload],
  refusals: [],
  failedSockets: {},
  conditions: [],
  warnings: [],
};

/** Names of what is not good, with the hint. */
const wrong = (data: Partial<CheckData>, version = "0.1.0") =>
  checkMesh({ ...well, ...data }, version)
    .filter((finding) => finding.verdict !== "good")
    .map((finding) => [finding.verdict, finding.name, finding.hint]);
const known = ["warning", "processes are kept apart", "docs/security.md"];

test("of a mesh that is well only that is to be known which one machine cannot promise", () => {
  expect(wrong({})).toEqual([known]);
});

test.each<[Partial<CheckData>, string, string]>([
  [
    { workloads: [{ ...workload, isReady: false, reason: "exited with code 1" }] },
    "every workload is ready",
    "heddle logs kvs-0",
  ],
  [
    { workloads: [{ ...workload, app: null, isReady: false }] },
    "every workload is ready",
    "heddle logs --proxy kvs-0",
  ],
  [
    { workloads: [{ ...workload, isConnected: false }] },
    "every proxy is connected",
    "heddle logs --proxy kvs-0",
  ],
  [
    { workloads: [{ ...workload, isCurrent: false }] },
    "every proxy runs the newest documents",
    "heddle logs --proxy kvs-0",
  ],
  [
    { failedSockets: { "front-0.default/gateway/http": "taken" } },
    "every listener is bound",
    "end the program that has the port, or choose another port",
  ],
  [
    { refusals: [{ workload: "kvs-0", document: "service/default/kvs", errors: ["no"] }] },
    "no proxy has refused a document",
    "heddle revisions, heddle rollback <n>",
  ],
  [
    {
      conditions: [
        { resource: "HTTPRoute/default/front", type: "Accepted", reason: "No", message: "no" },
      ],
    },
    "HTTPRoute/default/front is accepted as it is written",
    "heddle describe httproute front",
  ],
  [
    { rootExpiresWallMs: -1 },
    "the root certificate is valid",
    "heddle down -v makes a new one at the next start, with all else",
  ],
])("%j is found", (data, name, hint) => {
  expect(wrong(data)).toEqual([["bad", name, hint], known]);
});

test("a contract that was violated is bad, one whose keys may move is to be known", () => {
  const of = (type: string) => ({
    resource: "Contract/default/kvs",
    type,
    reason: "R",
    message: "m",
  });
  const hint = "heddle describe contract kvs";
  expect(wrong({ conditions: [of("Placed"), of("Holds")] })).toEqual([
    ["bad", "every contract holds that was verified", hint],
    ["warning", "each key of a contract stays with one process", "heddle explain placement"],
    known,
  ]);
});

test("each resource that is not accepted is told of alone, up to twenty", () => {
  const refusal = (resource: string, type = "Accepted") => ({
    resource,
    type,
    reason: "R",
    message: "m",
  });
  const route = "HTTPRoute/shop/a";
  const two = [refusal(route), refusal(route, "ResolvedRefs"), refusal("GRPCRoute/default/b")];
  expect(wrong({ conditions: two })).toEqual([
    ["bad", `${route} is accepted as it is written`, "heddle describe httproute a -n shop"],
    ["bad", "GRPCRoute/default/b is accepted as it is written", "heddle describe grpcroute b"],
    known,
  ]);
  const namesakes = ["TCPRoute/default/c", "TCPRoute.specs.smi-spec.io/default/d"];
  const hints = wrong({ conditions: namesakes.map((one) => refusal(one)) }).map(
    ([, , hint]) => hint,
  );
  expect(hints.slice(0, 2)).toEqual([
    "heddle describe tcproute.gateway.networking.k8s.io c",
    "heddle describe tcproute.specs.smi-spec.io d",
  ]);
  const many = Array.from({ length: 25 }, (_, index) => refusal(`HTTPRoute/default/r${index}`));
  const found = wrong({ conditions: many });
  expect(found).toHaveLength(22);
  expect(found[20]).toEqual([
    "bad",
    "all other resources are accepted as they are written",
    "heddle describe httproute r20",
  ]);
});

test("what stands of a split is to be known: it goes on as far as it can", () => {
  const [resource, reason, message] = ["TrafficSplit/default/s", "BackendNotFound", "m"];
  expect(wrong({ warnings: [{ resource, reason, message }] })).toEqual([
    ["warning", `${resource} does all that it says`, "heddle describe trafficsplit s"],
    known,
  ]);
});

test("another version, and a root that ends soon, are to be known", () => {
  expect(wrong({ rootExpiresWallMs: 10 * dayMs }, "0.2.0").map(([verdict]) => verdict)).toEqual([
    "warning",
    "warning",
    "warning",
  ]);
});

test("proxies are judged where there are any", () => {
  const crawl = { ...well, workloads: [{ ...workload, proxy: null, isConnected: false }] };
  const names = checkMesh(crawl, "0.1.0").map((finding) => finding.name);
  expect(names.filter((name) => name.includes("proxy"))).toEqual([]);
});
