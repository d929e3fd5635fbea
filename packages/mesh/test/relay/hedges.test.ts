import type { BackendPolicyDoc } from "@heddle/mesh/model/document.ts";
import { describe, expect, test } from "vitest";
import { type AskedLine, type FakeServer, Rig } from "./harness.ts";

const rigWith = (policy: Partial<BackendPolicyDoc> = {}, endpoints = 3) => {
  const rig = new Rig({
    endpoints,
    policy: { hedge: { delayMs: 100, attemptsMax: 2 }, ...policy },
  });
  return rig;
};
const busy = (rig: Rig) => rig.servers.filter(({ phase }) => phase === "busy");
const openAll = (rig: Rig) => {
  for (const server of rig.servers) if (server.phase === "dialling") server.open();
};
/** A request whose first attempt has not been answered within the hedge's delay. */
function hedged(
  rig: Rig,
  line: AskedLine = {},
): { first: FakeServer; second: FakeServer; asked: ReturnType<Rig["ask"]> } {
  const asked = rig.ask(line);
  const first = rig.asked;
  rig.clock.advance(101);
  openAll(rig);
  const second = busy(rig).find((server) => server !== first)!;
  return { first, second, asked };
}

describe("a hedge", () => {
  test("goes to another endpoint once the first takes long; the first reply counts, the other attempt is cancelled", () => {
    for (const winner of ["first", "second"] as const) {
      const rig = rigWith();
      const { first, second, asked } = hedged(rig);
      expect(second.address).not.toEqual(first.address);
      expect([second.head?.path, second.hasEnded]).toEqual([first.head?.path, true]);
      const [wins, loses] = winner === "first" ? [first, second] : [second, first];
      wins.reply(200, winner);
      expect(asked.client.body).toBe(winner);
      expect(loses.phase).toBe("closed");
      const { record } = rig;
      expect(record).toMatchObject({ attempts: 2, retries: 1, status: 200, attemptReason: null });
      expect(record.earlier?.map(({ reason }) => reason)).toEqual(["outrun"]);
      expect(record.earlier?.[0]?.sentSeq).toBeGreaterThan(0);
      expect(record.earlier?.[0]?.endpointUid).not.toBe(record.endpointUid);
      expect(rig.backend.caps.retries).toBe(0);
    }
  });

  test("is not made where the first is quick, the method not safe, the body not whole, or no other endpoint there", () => {
    const quick = rigWith();
    quick.ask();
    quick.asked.reply(200);
    quick.clock.advance(500);
    const put = rigWith();
    put.ask({ method: "PUT" });
    const partial = rigWith();
    partial.ask({ method: "GET", length: "chunked" });
    const lonely = rigWith({}, 1);
    lonely.ask();
    for (const rig of [quick, put, partial, lonely]) {
      openAll(rig);
      rig.clock.advance(500);
      expect(rig.servers).toHaveLength(1);
    }
  });

  test("is made for any method with Idempotency-Key", () => {
    const rig = rigWith();
    const { second } = hedged(rig, { method: "POST", fields: [["idempotency-key", "k"]] });
    second.reply(201);
    expect(rig.record.status).toBe(201);
  });

  test("is paid from the budget", () => {
    const rig = rigWith();
    while (rig.budget.spend(0));
    rig.ask();
    const first = rig.asked;
    rig.clock.advance(200);
    expect(rig.servers).toHaveLength(1);
    first.reply(200);
    expect(rig.record).toMatchObject({ attempts: 1, retryEnd: "overflow" });
  });

  test("goes on alone when the first attempt fails", () => {
    const rig = rigWith();
    const { first, second, asked } = hedged(rig);
    first.fail();
    expect(asked.exchange.phase).toBe("asking");
    second.reply(200, "ok");
    expect(asked.client.body).toBe("ok");
    expect(rig.record.earlier?.map(({ reason }) => reason)).toEqual(["reset"]);
  });

  test("that is still connecting goes on alone, too", () => {
    const rig = rigWith();
    const { client } = rig.ask();
    const first = rig.asked;
    rig.clock.advance(101);
    first.fail();
    openAll(rig);
    rig.asked.reply(200, "ok");
    expect(client.body).toBe("ok");
  });

  test("that fails leaves the first attempt alone", () => {
    const rig = rigWith();
    const { first, second, asked } = hedged(rig);
    second.fail();
    first.reply(200, "ok");
    expect(asked.client.body).toBe("ok");
    expect(rig.record.earlier?.map(({ reason }) => reason)).toEqual(["reset"]);
  });

  test("whose reply its policy calls failed is not the answer while another goes on", () => {
    const rig = rigWith({
      retry: {
        retriesMax: 1,
        codes: [503],
        grpcCodes: [],
        connectionErrors: true,
        backoff: { baseMs: 0, maxMs: 0 },
        methods: "safe",
        bodyBytesMax: 65_536,
      },
    });
    const { first, second, asked } = hedged(rig);
    second.reply(503);
    first.reply(200, "ok");
    expect(asked.client.body).toBe("ok");
    const again = rigWith(rig.backend.spec.policy);
    const other = hedged(again);
    other.first.reply(503);
    other.second.reply(200, "ok");
    expect(other.asked.client.body).toBe("ok");
  });

  test("of as many as its policy says go on at a time", () => {
    const rig = rigWith({ hedge: { delayMs: 100, attemptsMax: 3 } }, 8);
    rig.ask();
    for (let round = 0; round < 12; round++) {
      openAll(rig);
      rig.clock.advance(101);
    }
    expect(busy(rig).length).toBeLessThanOrEqual(3);
    expect(busy(rig).length).toBeGreaterThan(1);
    busy(rig).at(-1)!.reply(200);
    expect(busy(rig)).toHaveLength(0);
  });

  test("ends when its client goes", () => {
    const rig = rigWith();
    const { asked } = hedged(rig);
    asked.exchange.onRequestFailed("client-gone", "gone");
    expect(busy(rig)).toHaveLength(0);
    expect(rig.record.attempts).toBe(2);
    expect([rig.wheel.size, rig.backend.caps.retries, rig.backend.caps.requests]).toEqual([
      0, 0, 0,
    ]);
  });
});
