import type { HealthCheckDoc } from "@heddle/mesh/model/policy.ts";
import { checksMax } from "@heddle/mesh/upstream/health-checks.ts";
import { describe, expect, test } from "vitest";
import { BackendRig } from "./backend-rig.ts";

const health: HealthCheckDoc = {
  check: { protocol: "http", path: "/healthz", statuses: [200, 299] },
  intervalMs: 1000,
  timeoutMs: 300,
  unhealthyAfter: 3,
  healthyAfter: 2,
};
const grpc: HealthCheckDoc = { ...health, check: { protocol: "grpc", service: "kvs" } };
const tcp: HealthCheckDoc = { ...health, check: { protocol: "tcp" } };
const two = ["e0", "e1"];
const isSick = (rig: BackendRig, uid: string) => rig.target(uid).health.isSick;

/** Time passes; whoever is asked answers with what `status` says of its port. */
function pass(rig: BackendRig, ms: number, status: (port: number) => number): number {
  let answered = 0;
  for (let left = ms; left > 0; left -= 10) {
    rig.clock.advance(10);
    for (const server of rig.servers) {
      if (server.phase === "dialling") server.open();
      if (server.phase !== "busy" || server.head === null) continue;
      answered++;
      server.reply(status((server.address as { port: number }).port));
    }
  }
  return answered;
}

/** The same of checks over gRPC: what the message says, and the status behind it. */
function passGrpc(rig: BackendRig, ms: number, message: readonly number[], status = "0"): void {
  for (let left = ms; left > 0; left -= 10) {
    rig.clock.advance(10);
    for (const server of rig.wide) {
      if (server.phase === "dialling") server.open();
      for (const stream of server.streams) {
        if (!stream.hasEnded || stream.isOver) continue;
        stream.replyHead(200).replyBody(String.fromCharCode(...message));
        stream.replyEnd([["grpc-status", status]]);
      }
    }
  }
}

describe("checks over HTTP", () => {
  test("begin with the first request, and ask each endpoint once in an interval", () => {
    const rig = new BackendRig({ health }, two);
    expect(pass(rig, 5000, () => 200)).toBe(0);
    rig.pick();
    const asked = pass(rig, 10_000, () => 200);
    expect(asked).toBeGreaterThanOrEqual(18);
    expect(asked).toBeLessThanOrEqual(23);
    expect(rig.servers.length).toBe(2); // over the connections that requests use
    expect(rig.servers[0]!.head).toMatchObject({
      method: "GET",
      path: "/healthz",
      authority: "kvs:80",
    });
  });

  test("three failures take an endpoint out, two successes bring it back", () => {
    const rig = new BackendRig({ health }, two);
    rig.pick();
    pass(rig, 2000, (port) => (port === 9000 ? 503 : 200));
    expect(isSick(rig, "e0")).toBe(false);
    pass(rig, 2500, (port) => (port === 9000 ? 503 : 200));
    expect([isSick(rig, "e0"), isSick(rig, "e1")]).toEqual([true, false]);
    expect(rig.picked(10)).toEqual({ e1: 10 });
    pass(rig, 900, () => 200);
    expect(rig.picked(10)).toEqual({ e1: 10 });
    pass(rig, 2500, () => 200);
    expect(rig.picked(10)).toEqual({ e0: 5, e1: 5 });
  });

  test("an endpoint that comes back starts slowly", () => {
    const slowStart = { windowMs: 10_000, aggression: 1, weightMin: 0.1 };
    const rig = new BackendRig({ health, slowStart }, two);
    rig.pick();
    pass(rig, 30_000, (port) => (port === 9000 ? 503 : 200));
    pass(rig, 3500, () => 200);
    const weight = (uid: string) => rig.target(uid).weight(rig.clock.monotonicMs());
    expect(weight("e0")).toBeLessThan(0.5);
    expect(weight("e1")).toBe(1);
  });

  test("one that gets no answer in its time has failed", () => {
    const rig = new BackendRig({ health }, two);
    rig.pick();
    for (let turn = 0; turn < 500; turn++) {
      rig.clock.advance(10);
      for (const server of rig.servers) if (server.phase === "dialling") server.open();
    }
    expect([isSick(rig, "e0"), isSick(rig, "e1")]).toEqual([true, true]);
  });

  test("go on seldom when nobody uses the service, and stop when nobody asks for them", () => {
    const rig = new BackendRig({ health }, two);
    rig.pick();
    pass(rig, 62_000, () => 200);
    expect(pass(rig, 50_000, () => 200)).toBeLessThanOrEqual(4);
    rig.apply({}, two);
    rig.pick();
    expect(pass(rig, 120_000, () => 200)).toBe(0);
  });

  test("are at most so many at a time", () => {
    const many = Array.from({ length: 100 }, (_, index) => `e${index}`);
    const rig = new BackendRig({ health: { ...health, timeoutMs: 900 } }, many);
    rig.pick();
    let most = 0;
    for (let turn = 0; turn < 80; turn++) {
      rig.clock.advance(10);
      for (const server of rig.servers) if (server.phase === "dialling") server.open();
      most = Math.max(most, rig.servers.filter(({ phase }) => phase === "busy").length);
    }
    expect(most).toBe(checksMax);
  });

  test("an endpoint that is gone is asked no more", () => {
    const rig = new BackendRig({ health }, two);
    rig.pick();
    pass(rig, 3000, () => 200);
    rig.apply({ health }, ["e1"]);
    const asked: number[] = [];
    pass(rig, 5000, (port) => {
      asked.push(port);
      return 200;
    });
    expect(new Set(asked)).toEqual(new Set([9001]));
  });
});

describe("checks over gRPC", () => {
  test("ask `Check` for the service", () => {
    const rig = new BackendRig({ health: grpc }, ["e0"]);
    rig.pick();
    passGrpc(rig, 1500, [0, 0, 0, 0, 2, 8, 1]);
    const [stream] = rig.wide[0]!.streams;
    expect(stream!.head).toMatchObject({ method: "POST", path: "/grpc.health.v1.Health/Check" });
    expect(stream!.body).toBe("\0\0\0\0\x05\n\x03kvs");
    expect(isSick(rig, "e0")).toBe(false);
  });

  test.each<[string, number[], string]>([
    ["NOT_SERVING", [0, 0, 0, 0, 2, 8, 2], "0"],
    ["nothing", [], "0"],
    ["UNIMPLEMENTED", [], "12"],
  ])("%s is a failure", (_, message, status) => {
    const rig = new BackendRig({ health: grpc }, ["e0"]);
    rig.pick();
    passGrpc(rig, 5000, message, status);
    expect(isSick(rig, "e0")).toBe(true);
  });
});

describe("checks over TCP", () => {
  test("a connection that opens and stays is well; one that is closed at once, or refused, is not", () => {
    const rig = new BackendRig({ health: tcp }, two);
    rig.pick();
    let closes = true;
    const turns = (count: number) => {
      for (let turn = 0; turn < count; turn++) {
        rig.clock.advance(10);
        for (const raw of rig.raw.splice(0)) {
          raw.events.onOpen();
          const { port } = raw.address as { port: number };
          if (port === 9000 && closes) raw.events.onEnd();
        }
      }
    };
    turns(500);
    expect([isSick(rig, "e0"), isSick(rig, "e1")]).toEqual([true, false]);
    closes = false;
    turns(300);
    expect(isSick(rig, "e0")).toBe(false);
  });
});
