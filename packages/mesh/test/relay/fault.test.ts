import type { Document, FaultDoc } from "@heddle/mesh/model/document.ts";
import { FaultDraws } from "@heddle/mesh/policy/fault.ts";
import { describe, expect, test } from "vitest";
import { serviceDoc } from "../support/documents.ts";
import { Rig, type RigOptions, sendBody } from "./harness.ts";
import { SimulatedMesh } from "./simulated-rig.ts";

const doc = (changes: Partial<FaultDoc> = {}): FaultDoc => ({
  name: "default/slow",
  seed: 1,
  callers: null,
  delay: null,
  reset: null,
  ...changes,
});
const slow = { share: 1, delayMs: 200 };
const rigWith = (changes: Partial<FaultDoc>, options: RigOptions = {}) =>
  new Rig({ fault: new FaultDraws(doc(changes), "caller"), ...options });
/** A rig whose first request is reset so. */
function rigThatResets(when: "before" | "after", changes: Partial<FaultDoc> = {}): Rig {
  for (let seed = 0; ; seed++) {
    const fault = doc({ seed, reset: { share: 1 }, ...changes });
    const first = new FaultDraws(fault, "caller").next();
    if (first!.reset === when) return new Rig({ fault: new FaultDraws(fault, "caller") });
  }
}

describe("a fault on purpose", () => {
  test("holds a request and its body back, then lets it go", () => {
    const rig = rigWith({ delay: slow });
    const { client, exchange } = rig.ask({ method: "PUT", length: "chunked" });
    expect(exchange.phase).toBe("delaying");
    expect(client.isRequestPaused).toBe(true);
    sendBody(exchange, "ab");
    rig.clock.advance(199);
    expect(rig.servers).toHaveLength(0);
    rig.clock.advance(2);
    rig.server.open();
    exchange.onRequestEnd(null);
    expect(rig.server.body).toBe("ab");
    rig.server.reply(200, "ok");
    expect(client.body).toBe("ok");
    expect(rig.record).toMatchObject({
      status: 200,
      reason: null,
      detail: "fault default/slow: held back 200 ms",
      queueMs: 0,
    });
    expect(rig.record.sentMs - rig.record.startMs).toBeGreaterThanOrEqual(200);
  });

  test("gives a reply slowly that came before its request was whole, and drops the rest of that", () => {
    const rig = rigWith({ bandwidth: { share: 1, bytesPerSecond: 10 } });
    const { client, exchange } = rig.ask({ method: "PUT", length: "chunked" });
    rig.server.open();
    sendBody(exchange, "abc");
    rig.server.reply(200, "okay");
    expect(client.body).toBe("");
    sendBody(exchange, "defg");
    exchange.onRequestEnd(null);
    rig.clock.advance(2000);
    expect(client.body).toBe("okay");
    expect(rig.record).toMatchObject({ status: 200, reason: null });
    expect(rig.wheel.size).toBe(0);
  });

  test("a client that goes meanwhile is not waited for", () => {
    const rig = rigWith({ delay: slow });
    const { exchange } = rig.ask();
    exchange.onRequestFailed("client-gone", "gone");
    expect(rig.record).toMatchObject({ reason: "client-gone", attempts: 0, sentSeq: 0 });
    expect(rig.wheel.size).toBe(0);
    rig.clock.advance(1000);
    expect(rig.servers).toHaveLength(0);
  });

  test("a delay counts in the time limit of the request", () => {
    const rig = rigWith({ delay: slow }, { requestTimeoutMs: 100 });
    const { client } = rig.ask();
    rig.clock.advance(101);
    expect(client.head?.status).toBe(504);
    expect(rig.record.reason).toBe("request-timeout");
    expect(rig.record.detail).toMatch(/^fault default\/slow: held back 200 ms; /);
  });

  test("resets before anything is sent: the process has not seen it", () => {
    const rig = rigThatResets("before");
    const { client } = rig.ask();
    expect(client.end).toBe("cut");
    expect(client.head).toBe(null);
    expect(rig.servers).toHaveLength(0);
    expect(rig.record).toMatchObject({
      reason: "reset",
      detail: "fault default/slow: reset before it was sent",
      attempts: 0,
      status: 0,
      answeredSeq: 0,
    });
  });

  test("resets once the process has answered: it has seen it, the caller never learns", () => {
    const rig = rigThatResets("after");
    const { client } = rig.ask();
    rig.server.open();
    rig.server.replyHead(200);
    expect(client.end).toBe("cut");
    expect(client.head).toBe(null);
    expect(rig.record).toMatchObject({
      reason: "reset",
      detail: "fault default/slow: reset after the process had answered",
      attempts: 1,
      status: 0,
      answeredSeq: 0,
    });
    expect(rig.record.replySeq).toBeGreaterThan(rig.record.sentSeq);
    expect(rig.context.inFlight).toBe(0);
  });

  test("delays, then resets", () => {
    const rig = rigThatResets("before", { delay: slow });
    const { client } = rig.ask();
    expect(client.end).toBe("none");
    rig.clock.advance(201);
    expect(client.end).toBe("cut");
    expect(rig.record.detail).toBe(
      "fault default/slow: held back 200 ms; fault default/slow: reset before it was sent",
    );
  });
});

describe("a caller's proxy", () => {
  const serve = (mesh: SimulatedMesh, fault: FaultDoc | null, changes = {}) => {
    const [proxy, , endpoints] = mesh.callerDocs as [Document, Document, Document];
    mesh.caller.serve([proxy, serviceDoc("kvs", { fault, ...changes }), endpoints]);
    mesh.kvs.serve([mesh.kvsDoc, serviceDoc("kvs", { fault, ...changes })]);
  };
  const endings = async (mesh: SimulatedMesh, count: number) => {
    for (let round = 0; round < count; round++) {
      mesh.dial().get(`/${round}`);
      await mesh.pass(100);
    }
    return mesh.caller.records.map(({ detail }) => detail);
  };
  const half = doc({ seed: 3, reset: { share: 0.5 } });

  test("makes the faults, the receiver's makes none; the same seed, the same faults", async () => {
    const runs: string[][] = [];
    for (const seed of [1, 2]) {
      const mesh = new SimulatedMesh({ hasTls: true, seed });
      serve(mesh, half);
      runs.push(await endings(mesh, 40));
      const before = runs.at(-1)!.filter((detail) => detail.endsWith("before it was sent")).length;
      const after = runs.at(-1)!.filter((detail) => detail.endsWith("had answered")).length;
      expect(before).toBeGreaterThan(4);
      expect(after).toBeGreaterThan(4);
      expect(mesh.kvs.records).toHaveLength(40 - before);
      expect(mesh.kvs.records.every(({ detail }) => !detail.includes("fault"))).toBe(true);
      expect(mesh.asked).toHaveLength(40 - before);
    }
    expect(runs[0]).toEqual(runs[1]);
  });

  test("makes those for others to none of its requests", async () => {
    const mesh = new SimulatedMesh({ hasTls: true });
    serve(mesh, { ...half, callers: ["somebody-0"] });
    expect(new Set(await endings(mesh, 10))).toEqual(new Set([""]));
    serve(mesh, { ...half, callers: ["somebody-0", "caller-0"], reset: { share: 1 } });
    expect((await endings(mesh, 1)).at(-1)).toMatch(/^fault default\/slow/);
  });

  test("goes on where it was when the service changes, and stops when the fault is gone", async () => {
    const whole = new SimulatedMesh({ hasTls: true });
    serve(whole, half);
    const expected = await endings(whole, 20);
    const changed = new SimulatedMesh({ hasTls: true });
    serve(changed, half);
    await endings(changed, 10);
    serve(
      changed,
      { ...half },
      { ports: [{ name: null, number: 80, protocol: "http", routes: null }] },
    );
    expect(await endings(changed, 10)).toEqual(expected);
    serve(changed, null);
    expect((await endings(changed, 5)).slice(20)).toEqual(["", "", "", "", ""]);
  });
});
