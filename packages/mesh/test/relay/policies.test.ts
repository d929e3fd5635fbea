import type { Session } from "@heddle/mesh/balance/session.ts";
import type { FaultDoc } from "@heddle/mesh/model/document.ts";
import { toSpiffeId } from "@heddle/mesh/model/identity.ts";
import type { RequestPolicyDoc } from "@heddle/mesh/model/policy.ts";
import type { Admission } from "@heddle/mesh/policy/admission.ts";
import { FaultDraws } from "@heddle/mesh/policy/fault.ts";
import { EffectivePolicy } from "@heddle/mesh/policy/request-policy.ts";
import { compileRoutes } from "@heddle/mesh/route/compile.ts";
import { describe, expect, test } from "vitest";
import { routesTo } from "../support/documents.ts";
import { Rig, type RigOptions, sendBody } from "./harness.ts";

const faultDoc = (changes: Partial<FaultDoc>): FaultDoc => ({
  name: "default/f",
  seed: 1,
  callers: null,
  delay: null,
  reset: null,
  ...changes,
});
const rigWith = (changes: Partial<FaultDoc>, options: RigOptions = {}) =>
  new Rig({ fault: new FaultDraws(faultDoc(changes), "caller"), ...options });

describe("a fault", () => {
  test("answers in place of the service, by HTTP's status or gRPC's", () => {
    const abort = { share: 1, status: 418, grpcStatus: 8 };
    const rig = rigWith({ abort });
    const { client } = rig.ask();
    expect([client.head?.status, client.head?.get("x-heddle-reason")]).toEqual([418, "fault"]);
    expect(rig.record).toMatchObject({ reason: "fault", origin: "proxy", attempts: 0 });
    expect(rig.record.detail).toBe("fault default/f: aborted");
    const calls = rigWith({ abort });
    const fields = [["content-type", "application/grpc"]] as const;
    const call = calls.ask({ method: "POST", protocol: "h2", fields });
    expect([call.client.head?.status, call.client.head?.get("grpc-status")]).toEqual([200, "8"]);
    expect(calls.servers).toHaveLength(0);
  });

  test("delays first, then aborts", () => {
    const abort = { share: 1, status: 503, grpcStatus: 14 };
    const rig = rigWith({ abort, delay: { share: 1, delayMs: 100 } });
    const { client } = rig.ask();
    rig.clock.advance(99);
    expect(client.head).toBeNull();
    rig.clock.advance(2);
    expect(client.head?.status).toBe(503);
    expect(rig.record.detail).toBe("fault default/f: held back 100 ms; fault default/f: aborted");
  });

  test("has bodies go no faster than it says, both ways", () => {
    const rig = rigWith({ bandwidth: { share: 1, bytesPerSecond: 1000 } });
    const { client, exchange } = rig.ask({ method: "PUT", length: 200 });
    const server = rig.asked;
    sendBody(exchange, "x".repeat(100));
    expect(client.isRequestPaused).toBe(true);
    sendBody(exchange, "x".repeat(100));
    exchange.onRequestEnd(null);
    rig.clock.advance(99);
    expect(server.body).toHaveLength(0);
    rig.clock.advance(2);
    expect(server.body).toHaveLength(100);
    rig.clock.advance(100);
    expect([server.body.length, server.hasEnded]).toEqual([200, true]);
    server.reply(200, "y".repeat(500));
    rig.clock.advance(490);
    expect([client.body, client.end]).toEqual(["", "none"]);
    rig.clock.advance(20);
    expect([client.body.length, client.end]).toEqual([500, "whole"]);
    expect(rig.record).toMatchObject({ requestBytes: 200, replyBytes: 500, status: 200 });
  });

  test("of a slow body ends with its client", () => {
    const rig = rigWith({ bandwidth: { share: 1, bytesPerSecond: 10 } });
    const { exchange } = rig.ask();
    rig.asked.reply(200, "y".repeat(500));
    exchange.onRequestFailed("client-gone", "gone");
    rig.clock.advance(100_000);
    expect(rig.record.reason).toBe("client-gone");
    expect(rig.context.inFlight).toBe(0);
  });

  test("of a rule strikes its requests alone, before the service's has its say", () => {
    const doc = faultDoc({ abort: { share: 1, status: 500, grpcStatus: 13 } });
    const plain = routesTo("kvs");
    const rules = plain.rules.map((rule) => ({ ...rule, fault: doc }));
    const draws = new FaultDraws(doc, "caller");
    const faultOf = (rule: string) => (rule === "HTTPRoute/default/kvs#0" ? draws : null);
    const rig = new Rig({
      frontend: { routes: compileRoutes({ ...plain, rules }, null), faultOf },
    });
    expect(rig.ask().client.head?.status).toBe(500);
    const other = new Rig({ frontend: { routes: compileRoutes(plain, null), faultOf } });
    other.ask();
    other.asked.reply(200);
    expect(other.record.status).toBe(200);
  });

  test("draws its effects apart: one that is added leaves the others where they were", () => {
    const resets = (changes: Partial<FaultDoc>) => {
      const draws = new FaultDraws(faultDoc({ reset: { share: 0.3 }, ...changes }), "caller");
      return Array.from({ length: 500 }, () => draws.next()?.reset ?? null);
    };
    const before = resets({});
    expect(resets({ abort: { share: 0.5, status: 503, grpcStatus: 14 } })).toEqual(before);
    expect(resets({ bandwidth: { share: 0.5, bytesPerSecond: 1 } })).toEqual(before);
  });
});

describe("a session", () => {
  const session: RequestPolicyDoc = {
    session: {
      in: { kind: "cookie", name: "s", path: "/", permanent: false },
      absoluteTimeoutMs: null,
    },
  };
  const answered = (rig: Rig) => {
    rig.asked.reply(200);
    const { endpointUid } = rig.records.at(-1)!;
    return endpointUid!;
  };

  test("keeps a client at the endpoint that answered it first, and says so once", () => {
    const rig = new Rig({ endpoints: 4, policy: session });
    const first = rig.ask();
    const uid = answered(rig);
    const cookie = first.client.head!.get("set-cookie")!.split(";")[0]!;
    for (let count = 0; count < 8; count++) {
      const { client } = rig.ask({ fields: [["cookie", cookie]] });
      expect(answered(rig)).toBe(uid);
      expect(client.head?.get("set-cookie")).toBeNull();
    }
    rig.apply({ [uid]: "gone" });
    const { client } = rig.ask({ fields: [["cookie", cookie]] });
    expect(answered(rig)).not.toBe(uid);
    expect(client.head?.get("set-cookie")).not.toBeNull();
  });

  test("is its rule's alone, though another rule calls its own by the same name (GEP-1619)", () => {
    const plain = routesTo("kvs");
    const [match, rule] = [plain.matches[0]!, { ...plain.rules[0]!, policy: session }];
    const doc = {
      matches: ["/a", "/b"].map((value, index) => ({
        ...match,
        rule: index,
        path: { type: "prefix", value } as const,
      })),
      rules: [rule, { ...rule, name: "1" }],
    };
    const rig = new Rig({ endpoints: 8, frontend: { routes: compileRoutes(doc, null) } });
    const ask = (path: string, cookies: readonly string[]) => {
      const { client } = rig.ask({ path, fields: cookies.map((one) => ["cookie", one] as const) });
      const uid = answered(rig);
      return { uid, given: client.head!.get("set-cookie")?.split(";")[0] ?? null };
    };
    const first = ask("/a", []);
    const second = ask("/b", [first.given!]);
    expect(second.given).not.toBeNull(); // the first rule's says nothing here
    const others = [first.given!, second.given!];
    expect(ask("/a", others)).toEqual({ uid: first.uid, given: null });
    expect(ask("/b", others)).toEqual({ uid: second.uid, given: null });
  });

  test("wins over weights, even of 0, and never over the match", () => {
    const backends = [
      { backend: { service: "default/other", port: 80 }, weight: 1, filters: [] },
      { backend: { service: "default/kvs", port: 80 }, weight: 0, filters: [] },
    ] as const;
    const plain = routesTo("kvs");
    const rules = plain.rules.map((rule) => ({ ...rule, backends, policy: session }));
    const table = compileRoutes({ ...plain, rules }, null);
    const asked: string[] = [];
    const rig = new Rig({ endpoints: 2 });
    const { tokens } = { tokens: table.rules[0]!.sessions! };
    const named: Omit<Session, "issuedS"> = { service: "default/kvs", port: 80, uid: "e1" };
    const [, value] = tokens.write(named, rig.clock.wallMs(), false);
    Object.assign(rig.frontend, {
      routes: table,
      backendOf: (service: string) => {
        asked.push(service);
        return rig.backend;
      },
    });
    rig.ask({ fields: [["cookie", value.split(";")[0]!]] });
    expect(answered(rig)).toBe("e1");
    rig.ask();
    rig.asked.reply(200);
    expect(asked).toEqual(["default/kvs", "default/other"]);
  });
});

describe("admission", () => {
  test("is asked with the rule its caller's proxy told, and told of each end once", () => {
    const log: string[] = [];
    const admission: Admission = {
      enter: (head, _caller, rule) => {
        log.push(`enter ${rule}`);
        if (head.path !== "/full") return null;
        return { reason: "rate-limited", detail: "10/s", fields: [["retry-after", "1"]] };
      },
      onEnd: (latencyMs, reason) => log.push(`end ${latencyMs} ${reason}`),
    };
    const rig = new Rig({ frontend: { admission, direction: "inbound" } });
    const told = [["x-heddle-route", "HTTPRoute/default/kvs#0"]] as const;
    rig.ask({ fields: told });
    expect(rig.asked.head?.get("x-heddle-route")).toBeNull();
    rig.clock.advance(20);
    const server = rig.asked;
    server.replyHead(200);
    rig.clock.advance(30);
    server.replyEnd();
    const { client } = rig.ask({ path: "/full" });
    expect([client.head?.status, client.head?.get("retry-after")]).toEqual([429, "1"]);
    const fields = [["content-type", "application/grpc"]] as const;
    const call = rig.ask({ path: "/full", method: "POST", protocol: "h2", fields });
    expect(call.client.head?.get("grpc-status")).toBe("8");
    expect(call.client.head?.get("retry-after")).toBe("1");
    const gone = rig.ask();
    gone.exchange.onRequestFailed("client-gone", "gone");
    const upgraded = rig.ask({ length: "tunnel", upgrade: "websocket" });
    rig.asked.replyHead(101, [], "tunnel");
    upgraded.exchange.onRequestFailed("client-gone", "gone");
    expect(log).toEqual([
      "enter HTTPRoute/default/kvs#0",
      "end 20 null",
      "enter null",
      "enter null",
      "enter null",
      "end 0 client-gone",
      "enter null",
      "end 0 null",
    ]);
  });

  test("learns the rule where the rule is to be told", () => {
    const plain = routesTo("kvs");
    const rules = plain.rules.map((rule) => ({ ...rule, isTold: true }));
    const rig = new Rig({ frontend: { routes: compileRoutes({ ...plain, rules }, null) } });
    rig.ask();
    expect(rig.asked.head?.get("x-heddle-route")).toBe("HTTPRoute/default/kvs#0");
  });
});

describe("a caller outside the mesh", () => {
  const peer = toSpiffeId("spiffe://heddle.local/ns/default/sa/kvs");

  test("learns the reason of a peer's refusal and when to come back, and no details", () => {
    const rig = new Rig({ identity: peer, frontend: { isEdge: true, direction: "gateway" } });
    const { client } = rig.ask();
    rig.asked.reply(429, "rate-limited: RateLimit default/r, 10 a second", [
      ["x-heddle-reason", "rate-limited"],
      ["retry-after", "1"],
    ]);
    expect([client.head?.status, client.body]).toEqual([429, "rate-limited\n"]);
    expect(client.head?.get("retry-after")).toBe("1");
    expect(rig.record).toMatchObject({ reason: "rate-limited", origin: "proxy", attempts: 1 });
    expect(rig.record.attemptReason).toBe("rate-limited");
  });
});

test("a time of 0 in a rule lifts its service's", () => {
  const policy = { attemptTimeoutMs: 100, lifetimeMs: 200 };
  const rule = new EffectivePolicy("r", { attemptTimeoutMs: 0, lifetimeMs: 0 });
  expect(rule.of({ ...policy })).toBeNull();
  expect(new EffectivePolicy("r", { attemptTimeoutMs: 0 }).of(policy)).toMatchObject({
    attemptTimeoutMs: null,
    lifetimeMs: 200,
  });
  const plain = routesTo("kvs");
  const rules = plain.rules.map((one) => ({ ...one, requestTimeoutMs: 0 }));
  const routes = compileRoutes({ ...plain, rules }, null);
  const rig = new Rig({ requestTimeoutMs: 50, frontend: { routes } });
  rig.ask();
  const server = rig.asked;
  rig.clock.advance(500);
  server.reply(200);
  expect(rig.record.status).toBe(200);
});

test("at a gateway the time of the service that a rule leads to holds", () => {
  const frontend = { direction: "gateway", routes: compileRoutes(routesTo("kvs"), null) } as const;
  const rig = new Rig({ frontend, policy: { requestTimeoutMs: 50 } });
  const { client } = rig.ask();
  rig.clock.advance(51);
  expect(client.head?.status).toBe(504);
});

test("a reply that goes on for long counts no more in what is let in at a time, and leaves once", () => {
  const ends: number[] = [];
  const admission: Admission = { enter: () => null, onEnd: (latencyMs) => ends.push(latencyMs) };
  const rig = new Rig({ frontend: { direction: "inbound", admission } });
  const { client, exchange } = rig.ask();
  const server = rig.asked;
  rig.clock.advance(20);
  exchange.onStillOpen();
  expect(ends).toEqual([]); // the process works at it
  server.replyHead(200);
  server.replyBody("tick");
  rig.clock.advance(60_000);
  exchange.onStillOpen();
  expect(ends).toEqual([20]);
  server.replyEnd();
  expect([client.body, ends]).toEqual(["tick", [20]]);
});
