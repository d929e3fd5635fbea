import { toSpiffeId } from "@heddle/mesh/model/identity.ts";
import type { RetryDoc } from "@heddle/mesh/model/policy.ts";
import { PlainFields } from "@heddle/mesh/net/plain-head.ts";
import { KeptBodies } from "@heddle/mesh/relay/kept-bodies.ts";
import { describe, expect, test } from "vitest";
import { type AskedLine, type FakeServer, Rig, type RigOptions, sendBody } from "./harness.ts";

const retry = (changes: Partial<RetryDoc> = {}): RetryDoc => ({
  retriesMax: 2,
  codes: [],
  grpcCodes: [],
  connectionErrors: true,
  backoff: { baseMs: 0, maxMs: 0 },
  methods: "safe",
  bodyBytesMax: 65_536,
  ...changes,
});
const rigWith = (changes: Partial<RetryDoc>, options: RigOptions = {}) =>
  new Rig({ endpoints: 3, ...options, policy: { retry: retry(changes), ...options.policy } });

/** Serves each attempt in turn by one step, as far as they go; the last goes on for ever. */
function serve(rig: Rig, steps: readonly ((server: FakeServer) => void)[], attempts = 20): number {
  let count = 0;
  for (; count < attempts; count++) {
    rig.clock.advance(1); // what pauses for nothing
    if (rig.records.length > 0) break;
    (steps[count] ?? steps.at(-1)!)(rig.asked);
  }
  return count;
}
const says = (status: number) => (server: FakeServer) => server.reply(status, `${status}`);
const breaks = (server: FakeServer) => server.fail();

describe("HTTPRoute retry (GEP-1731, the numbers of its conformance tests)", () => {
  const codes = [500];

  test("codes [500], 3 attempts: two failures are not seen", () => {
    const rig = rigWith({ codes, retriesMax: 3 });
    const { client } = rig.ask();
    serve(rig, [says(500), says(500), says(200)]);
    expect([client.head?.status, client.body, rig.record.attempts]).toEqual([200, "200", 3]);
  });

  test("four failures are: the last one's reply passes through as it came", () => {
    const rig = rigWith({ codes, retriesMax: 3 });
    const { client } = rig.ask();
    serve(rig, [says(500)]);
    expect([client.head?.status, client.body, client.end]).toEqual([500, "500", "whole"]);
    expect(rig.record).toMatchObject({ attempts: 4, reason: null, origin: "app" });
    expect(rig.record.retryEnd).toBe("limit");
    expect(rig.record.earlier?.map(({ reason }) => reason)).toEqual(
      Array.from({ length: 3 }, () => "failed-reply"),
    );
    expect(rig.record.earlier?.every(({ replySeq, sentSeq }) => replySeq > sentSeq)).toBe(true);
  });

  test("a code that is not named passes at once", () => {
    const rig = rigWith({ codes, retriesMax: 3 });
    const { client } = rig.ask();
    serve(rig, [says(503)]);
    expect([client.head?.status, rig.record.attempts]).toEqual([503, 1]);
  });

  test.each([500, 502, 503, 504])(
    "code %i, 2 attempts: one failure 200, three the code",
    (code) => {
      const all = { codes: [500, 502, 503, 504], retriesMax: 2 };
      const once = rigWith(all);
      const good = once.ask();
      serve(once, [says(code), says(200)]);
      expect(good.client.head?.status).toBe(200);
      const thrice = rigWith(all);
      const bad = thrice.ask();
      serve(thrice, [says(code)]);
      expect([bad.client.head?.status, thrice.record.attempts]).toEqual([code, 3]);
    },
  );

  test("no codes, 2 attempts, 200 ms each: two slow tries are not seen, three are a 504", () => {
    const run = (slow: number) => {
      const rig = rigWith({ retriesMax: 2 }, { policy: { attemptTimeoutMs: 200 } });
      const { client } = rig.ask();
      for (let count = 0; count < 3; count++) {
        rig.clock.advance(1);
        const server = rig.asked;
        if (count < slow) rig.clock.advance(210);
        else server.reply(200);
      }
      return [client.head?.status, rig.record.attempts];
    };
    expect(run(2)).toEqual([200, 3]);
    expect(run(3)).toEqual([504, 3]);
  });

  test("codes [500], 5 attempts, request 400 ms: four failures of 100 ms each are a 504", () => {
    const run = (failures: number) => {
      const options = { requestTimeoutMs: 400, policy: { attemptTimeoutMs: 200 } };
      const rig = rigWith({ codes, retriesMax: 5 }, options);
      const { client } = rig.ask();
      for (let count = 0; count < 6 && rig.records.length === 0; count++) {
        const server = rig.asked;
        rig.clock.advance(100);
        if (rig.records.length === 0) server.reply(count < failures ? 500 : 200);
        rig.clock.advance(0);
      }
      return client.head?.status;
    };
    expect(run(1)).toBe(200);
    expect(run(4)).toBe(504);
  });

  test("no codes, 3 attempts: two broken connections are not seen, four are a 502", () => {
    const twice = rigWith({ retriesMax: 3 });
    const good = twice.ask();
    serve(twice, [breaks, breaks, says(200)]);
    expect(good.client.head?.status).toBe(200);
    const always = rigWith({ retriesMax: 3 });
    const bad = always.ask();
    serve(always, [breaks]);
    expect([bad.client.head?.status, always.record.attempts]).toEqual([502, 4]);
  });
});

describe("a retry by policy", () => {
  test("prefers another endpoint", () => {
    const rig = rigWith({ codes: [503] });
    rig.ask();
    serve(rig, [says(503), says(503), says(200)]);
    const [first, second] = rig.record.earlier!;
    expect(first!.endpointUid).not.toBe(second!.endpointUid);
    expect(rig.record.endpointUid).not.toBe(second!.endpointUid);
  });

  test("waits: the first 25 to 50 ms, each next twice that, up to 250 to 500", () => {
    const backoff = { baseMs: 25, maxMs: 250 };
    const rig = rigWith({ codes: [503], retriesMax: 6, backoff });
    const { exchange } = rig.ask();
    const pauses: number[] = [];
    for (let count = 0; count < 6; count++) {
      rig.asked.reply(503);
      const sinceMs = rig.clock.monotonicMs();
      expect(exchange.phase).toBe("delaying");
      while (exchange.phase === "delaying") rig.clock.advance(1);
      pauses.push(rig.clock.monotonicMs() - sinceMs);
    }
    for (const [index, stepMs] of [25, 50, 100, 200, 250, 250].entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(stepMs);
      expect(pauses[index]).toBeLessThanOrEqual(2 * stepMs + 2);
    }
    expect(new Set(pauses.map((ms, index) => ms / [25, 50, 100, 200, 250, 250][index]!)).size).toBe(
      6,
    );
  });

  test("waits as long as Retry-After says, in seconds or as a date", () => {
    for (const value of ["2", (rig: Rig) => new Date(rig.clock.wallMs() + 2000).toUTCString()]) {
      const rig = rigWith({ codes: [503] });
      rig.ask();
      const text = typeof value === "string" ? value : value(rig);
      rig.asked.reply(503, "", [["retry-after", text]]);
      rig.clock.advance(900);
      expect(rig.servers.some(({ phase }) => phase !== "idle")).toBe(false);
      rig.clock.advance(1200);
      rig.asked.reply(200);
      expect(rig.record.status).toBe(200);
    }
  });

  test("is not made where more time is asked for than is left, or than anybody waits", () => {
    for (const [after, requestTimeoutMs] of [
      ["2", 1000],
      ["3600", null],
    ] as const) {
      const rig = rigWith({ codes: [503] }, { requestTimeoutMs });
      const { client } = rig.ask();
      rig.asked.reply(503, "later", [["retry-after", after]]);
      expect([client.head?.status, client.body]).toEqual([503, "later"]);
    }
  });

  test("is bounded by the budget: the failure passes as it came, and is counted as overflow", () => {
    const rig = rigWith({ codes: [503] });
    while (rig.budget.spend(0));
    const { client } = rig.ask();
    serve(rig, [says(503)]);
    expect([client.head?.status, client.body]).toEqual([503, "503"]);
    expect(rig.record).toMatchObject({ attempts: 1, retries: 0, retryEnd: "overflow" });
  });

  test("is bounded by the cap of retries that go on at a time", () => {
    const rig = rigWith({ codes: [503] }, { policy: { caps: { retriesMax: 1 } } });
    rig.ask();
    rig.asked.reply(503);
    rig.clock.advance(1);
    const second = rig.asked; // of the first exchange, going on
    const { client } = rig.ask();
    rig.servers.find((server) => server.phase === "dialling")?.open();
    const other = rig.servers.find((server) => server !== second && server.phase === "busy")!;
    other.reply(503);
    expect(client.head?.status).toBe(503);
    expect(rig.record.retryEnd).toBe("overflow");
    second.reply(200);
    rig.ask();
    serve(rig, []); // nothing: both are over
    expect(rig.backend.caps.retries).toBe(0);
  });

  test("is never made once the client has part of the reply", () => {
    const rig = rigWith({ codes: [500] });
    const { client } = rig.ask();
    const server = rig.asked;
    server.replyHead(200);
    server.replyBody("part");
    server.fail();
    expect([client.body, client.end, rig.record.attempts]).toEqual(["part", "cut", 1]);
  });

  test("sends the body again, as far as it was kept, and not beyond", () => {
    const put = (bytes: number) => {
      const rig = rigWith({ codes: [500], bodyBytesMax: 10 });
      const { client, exchange } = rig.ask({ method: "PUT", length: bytes });
      const first = rig.asked;
      sendBody(exchange, "x".repeat(bytes));
      exchange.onRequestEnd(null);
      first.reply(500);
      rig.clock.advance(1);
      if (rig.records.length === 0) {
        expect(rig.asked.body).toBe("x".repeat(bytes));
        rig.asked.reply(200);
      }
      return client.head?.status;
    };
    expect(put(10)).toBe(200);
    expect(put(11)).toBe(500);
  });

  test("keeps no more of all bodies together than there is room for, and lets all of them go", () => {
    const rig = rigWith({ codes: [500], bodyBytesMax: 100 });
    let fullCount = 0;
    rig.context.kept = new KeptBodies(() => fullCount++, 25);
    const puts = Array.from({ length: 3 }, () => {
      const { client, exchange } = rig.ask({ method: "PUT", length: 10 });
      const server = rig.asked;
      server.isReplying = true; // so that the next asks another
      sendBody(exchange, "x".repeat(10));
      exchange.onRequestEnd(null);
      return { client, server };
    });
    expect([rig.context.kept.bytes, fullCount]).toEqual([20, 1]);
    puts[2]!.server.reply(500); // sent once
    expect([puts[2]!.client.head?.status, rig.context.kept.bytes]).toEqual([500, 20]);
    for (const { server } of puts.slice(0, 2)) server.reply(200);
    expect(rig.context.kept.bytes).toBe(0);
  });
});

describe("a request that must not be executed twice", () => {
  const steps = [says(500), says(200)];
  const attempts = (line: AskedLine, changes: Partial<RetryDoc> = {}) => {
    const rig = rigWith({ codes: [500], ...changes });
    rig.ask(line);
    serve(rig, steps);
    return rig.record.attempts;
  };

  test("is not, unless a key or its owner's explicit word says that it may", () => {
    expect(attempts({ method: "POST" })).toBe(1);
    expect(attempts({ method: "PATCH" })).toBe(1);
    expect(attempts({ method: "POST", fields: [["idempotency-key", "k1"]] })).toBe(2);
    expect(attempts({ method: "POST" }, { methods: "all" })).toBe(2);
    expect(attempts({ method: "PUT" })).toBe(2);
  });

  test("is tried elsewhere all the same where it surely was not", () => {
    const rig = rigWith({});
    const { client } = rig.ask({ method: "POST" });
    rig.server.lose({ kind: "refused", detail: "refused" });
    rig.asked.reply(201);
    expect(client.head?.status).toBe(201);
  });

  test("is not when its attempt takes too long", () => {
    const rig = rigWith({}, { policy: { attemptTimeoutMs: 100 } });
    const { client } = rig.ask({ method: "POST" });
    expect(rig.asked.hasEnded).toBe(true);
    rig.clock.advance(101);
    expect(client.head?.status).toBe(504);
    expect(rig.record).toMatchObject({ reason: "request-timeout", attempts: 1 });
  });
});

describe("a call of gRPC", () => {
  const call = {
    method: "POST",
    protocol: "h2",
    fields: [["content-type", "application/grpc"]],
  } as const;
  const rigOfCalls = (changes: Partial<RetryDoc> = {}) =>
    rigWith({ grpcCodes: [14], ...changes }, { speaks: "http/1.1" });
  const trailers = (status: number, more: readonly (readonly [string, string])[] = []) =>
    new PlainFields([["grpc-status", String(status)], ...more]);
  const endsWith = (status: number) => (server: FakeServer) => {
    server.replyHead(200, [["content-type", "application/grpc"]]);
    server.replyEnd(trailers(status));
  };

  test("is tried again by the status of a reply that is trailers alone", () => {
    const rig = rigOfCalls();
    const { client } = rig.ask(call);
    const fails = (server: FakeServer) => server.reply(200, "", [["grpc-status", "14"]]);
    serve(rig, [fails, says(200)]);
    rig.clock.advance(1);
    expect([client.head?.status, rig.record.attempts]).toEqual([200, 2]);
  });

  test("is tried again by trailers that come before any message", () => {
    const rig = rigOfCalls();
    const { client } = rig.ask(call);
    serve(rig, [endsWith(14), endsWith(14), endsWith(0)]);
    expect(client.trailers?.get("grpc-status")).toBe("0");
    expect(rig.record).toMatchObject({ attempts: 3, grpcStatus: 0 });
  });

  test("is not once a message has begun, which then has waited for nothing", () => {
    const rig = rigOfCalls();
    const { client } = rig.ask(call);
    const server = rig.asked;
    server.replyHead(200, [["content-type", "application/grpc"]]);
    expect(client.head).toBeNull();
    server.replyBody("message");
    expect([client.head?.get("content-type"), client.body]).toEqual([
      "application/grpc",
      "message",
    ]);
    server.replyEnd(trailers(14));
    expect([client.trailers?.get("grpc-status"), rig.record.attempts]).toEqual(["14", 1]);
  });

  test("ends with the last failure as it came", () => {
    const rig = rigOfCalls();
    const { client } = rig.ask(call);
    serve(rig, [endsWith(14)]);
    expect([client.trailers?.get("grpc-status"), rig.record.attempts]).toEqual(["14", 3]);
  });

  test("is asked again when its server says, and not when it says never", () => {
    const pushes = (value: string) => {
      const rig = rigOfCalls();
      rig.ask(call);
      const server = rig.asked;
      server.replyHead(200);
      server.replyEnd(trailers(14, [["grpc-retry-pushback-ms", value]]));
      rig.clock.advance(90);
      const isWaiting = rig.records.length === 0;
      rig.clock.advance(20);
      if (isWaiting) endsWith(0)(rig.asked);
      return [isWaiting, rig.record.attempts];
    };
    expect(pushes("100")).toEqual([true, 2]);
    expect(pushes("-1")).toEqual([false, 1]);
    expect(pushes("soon")).toEqual([false, 1]);
  });
});

test.each(["shed", "queue-full"])("a peer that says %s is there for the next request", (reason) => {
  const rig = new Rig({ identity: toSpiffeId("spiffe://heddle.local/ns/default/sa/kvs") });
  const first = rig.ask();
  for (let attempt = 0; rig.records.length === 0 && attempt < 20; attempt++) {
    rig.asked.reply(503, "", [["x-heddle-reason", reason]]);
  }
  expect(first.client.head?.status).toBe(503);
  const { client } = rig.ask();
  rig.asked.reply(200);
  expect([client.head?.status, rig.records.at(-1)?.queueMs]).toEqual([200, 0]);
});
