import { expect, test } from "vitest";
import type { SpiffeId } from "../model/identity.ts";
import type { AdmissionDoc, ConcurrencyDoc, RateLimitDoc } from "../model/policy.ts";
import { PlainRequestHead } from "../net/plain-head.ts";
import { ServiceAdmission } from "./service-admission.ts";

const rate: RateLimitDoc = {
  name: "RateLimit/default/web[0]",
  route: null,
  by: { kind: "all" },
  identities: null,
  requests: 3,
  perMs: 1000,
  burst: 3,
  scope: "service",
};
const concurrency: ConcurrencyDoc = {
  min: 3,
  initial: 3,
  max: 3,
  tolerance: 1.5,
  priority: 5,
  priorityHeader: "x-priority",
  priorities: [
    { route: "HTTPRoute/default/shop#pay", priority: 9 },
    { route: "HTTPRoute/default/shop", priority: 1 },
  ],
};
const web = { identity: "spiffe://cluster.local/ns/default/sa/web" as SpiffeId };
const get = (path = "/", ...fields: [string, string][]) =>
  new PlainRequestHead({ method: "GET", path, authority: "kvs" }, fields);

function build(doc: Partial<AdmissionDoc>, replicas = 1) {
  const refused: string[] = [];
  const admission = new ServiceAdmission({
    onRefused: (name) => void refused.push(name),
    onForgotten: () => {},
  });
  const health = {
    check: { protocol: "http", path: "/healthz", statuses: [200, 299] },
    intervalMs: 1000,
    timeoutMs: 1000,
    unhealthyAfter: 3,
    healthyAfter: 2,
  } as const;
  const full = { rates: [], concurrency: null, ...doc };
  admission.apply({ doc: full, replicas, health }, 0);
  const ask = (
    head = get(),
    rule: string | null = null,
    caller: typeof web | { identity: null } = web,
  ) => admission.enter(head, caller, rule, 0);
  return { admission, refused, ask };
}

test("a request over its rate is refused for good, and counted by the limit's name", () => {
  const { ask, refused } = build({ rates: [rate] });
  expect([ask(), ask(), ask()]).toEqual([null, null, null]);
  expect(ask()).toMatchObject({ reason: "rate-limited" });
  expect(refused).toEqual(["RateLimit/default/web[0]"]);
});

test("one for which there is no room may be asked elsewhere, and its token is not taken", () => {
  const { admission, ask } = build({ rates: [{ ...rate, burst: 4, requests: 4 }], concurrency });
  expect([ask(), ask(), ask()]).toEqual([null, null, null]);
  expect(ask()).toEqual({
    reason: "shed",
    detail: "as many as the process can take are under way (limit 3, priority 5)",
    fields: [],
  });
  admission.onEnd(10, null);
  expect(ask()).toBeNull();
  expect(ask()).toMatchObject({ reason: "rate-limited" });
});

test("what a request says of its priority is before what is said of its rule, that before its route's", () => {
  const { ask } = build({ concurrency });
  for (let count = 0; count < 3; count++) ask();
  const priority = (...asked: Parameters<typeof ask>) =>
    ask(...asked)!.detail.match(/priority (\d)/)![1];
  const pay = "HTTPRoute/default/shop#pay";
  expect(priority()).toBe("5");
  expect(priority(get(), pay)).toBe("9");
  expect(priority(get(), "HTTPRoute/default/shop#other")).toBe("1");
  expect(priority(get("/", ["x-priority", "7"]), pay)).toBe("7");
  expect(priority(get("/", ["x-priority", "70"]), pay)).toBe("9");
  expect(priority(get("/", ["x-priority", "x"]))).toBe("5");
  expect(priority(get(), pay, { identity: null })).toBe("5");
});

test("a health check is let in, whatever the limits", () => {
  const { ask } = build({ rates: [rate], concurrency });
  for (let count = 0; count < 10; count++) ask();
  expect(ask(get("/healthz"))).toBeNull();
  expect(ask(get("/healthz?x"))).not.toBeNull();
});

test("limits come and go with intent; what is under way is counted on", () => {
  const { admission, ask } = build({ concurrency });
  for (let count = 0; count < 3; count++) ask();
  admission.apply({ doc: { rates: [], concurrency }, replicas: 5, health: null }, 0);
  expect(ask()).not.toBeNull();
  admission.apply({ doc: { rates: [], concurrency: null }, replicas: 5, health: null }, 0);
  expect(ask()).toBeNull();
  expect(admission.limit).toBeNull();
  admission.apply({ doc: { rates: [], concurrency }, replicas: 5, health: null }, 0);
  admission.onEnd(10, null);
  for (let count = 0; count < 3; count++) expect(ask()).toBeNull();
  expect(ask()).not.toBeNull();
});
