import type { BackendPolicyDoc } from "@heddle/mesh/model/document.ts";
import { deadlineField, formatDeadline, parseDeadline } from "@heddle/mesh/policy/deadline.ts";
import { describe, expect, test } from "vitest";
import { Rig, type RigOptions, sendBody } from "./harness.ts";

const rigWith = (policy: Partial<BackendPolicyDoc>, options: RigOptions = {}) =>
  new Rig({ ...options, policy });

describe("a time limit by policy", () => {
  test("of an attempt ends with the head of its reply", () => {
    const rig = rigWith({ attemptTimeoutMs: 100 });
    const { client } = rig.ask();
    rig.asked.replyHead(200);
    rig.clock.advance(1000);
    expect(client.end).toBe("none");
    const slow = rigWith({ attemptTimeoutMs: 100 });
    const { client: other } = slow.ask();
    expect(slow.asked.hasEnded).toBe(true);
    slow.clock.advance(101);
    expect(other.head?.status).toBe(504);
    expect(slow.record).toMatchObject({ reason: "request-timeout", attempts: 1 });
    expect(slow.record.detail).toBe("no reply within 100 ms of the attempt");
  });

  test("of an attempt holds while its connection is awaited", () => {
    const rig = rigWith({ attemptTimeoutMs: 100 });
    const { client } = rig.ask({ method: "POST" });
    rig.clock.advance(101); // nothing was sent: it goes to another endpoint, as often as that is done
    rig.clock.advance(101);
    rig.clock.advance(101);
    rig.clock.advance(101);
    expect(client.head?.status).toBe(504);
    expect(rig.record.attempts).toBe(4);
  });

  test("of a reply's head begins with the request's end", () => {
    const rig = rigWith({ headTimeoutMs: 100 });
    const { client, exchange } = rig.ask({ method: "PUT", length: "chunked" });
    expect(rig.asked.hasEnded).toBe(false);
    rig.clock.advance(500);
    sendBody(exchange, "slow");
    exchange.onRequestEnd(null);
    rig.clock.advance(99);
    expect(client.end).toBe("none");
    rig.clock.advance(2);
    expect(client.head?.status).toBe(504);
  });

  test("of standing still counts from what moved last", () => {
    const rig = rigWith({ idleTimeoutMs: 400 });
    const { client } = rig.ask();
    const server = rig.asked;
    server.replyHead(200);
    for (let piece = 0; piece < 5; piece++) {
      rig.clock.advance(300);
      server.replyBody("x");
    }
    expect(client.end).toBe("none");
    rig.clock.advance(600);
    expect([client.body, client.end]).toEqual(["xxxxx", "cut"]);
    expect(rig.record.detail).toBe("nothing has moved for 400 ms");
  });

  test("of a whole stream holds whatever goes through it, in a tunnel too", () => {
    const rig = rigWith({ lifetimeMs: 1000 });
    const { client } = rig.ask();
    const server = rig.asked;
    server.replyHead(200);
    for (let piece = 0; piece < 9; piece++) {
      rig.clock.advance(100);
      server.replyBody("x");
    }
    expect(client.end).toBe("none");
    rig.clock.advance(101);
    expect(client.end).toBe("cut");
    const tunnel = rigWith({ lifetimeMs: 1000 });
    const { client: other } = tunnel.ask({ length: "tunnel", upgrade: "websocket" });
    tunnel.asked.replyHead(101, [], "tunnel");
    tunnel.clock.advance(999);
    expect(other.end).toBe("none");
    tunnel.clock.advance(2);
    expect(other.end).toBe("cut");
  });
});

describe("a caller's deadline", () => {
  const asks = (text: string, options: RigOptions = {}) => {
    const rig = new Rig(options);
    return { rig, ...rig.ask({ fields: [[deadlineField, text]] }) };
  };

  test("shrinks on its way by the time that was spent", () => {
    const { rig } = asks("1500", { endpoints: 1 });
    rig.clock.advance(300);
    expect(rig.asked.head?.get(deadlineField)).toBe("1200");
  });

  test("ends the exchange", () => {
    const { rig, client } = asks("200");
    expect(rig.asked.hasEnded).toBe(true);
    rig.clock.advance(201);
    expect(client.head?.status).toBe(504);
    expect(rig.record.reason).toBe("request-timeout"); // it was sent
  });

  test("that has passed is refused before anything is sent", () => {
    const { rig, client } = asks("0");
    expect(client.head?.status).toBe(504);
    expect(rig.record).toMatchObject({ reason: "deadline-passed", attempts: 0, sentSeq: 0 });
    expect(rig.servers).toHaveLength(0);
  });

  test("shortens a rule's limit and never extends it, from outside the mesh as well", () => {
    for (const direction of ["outbound", "gateway"] as const) {
      for (const [said, left] of [
        ["9000", "1000"],
        ["300", "300"],
      ] as const) {
        const { rig } = asks(said, { requestTimeoutMs: 1000, frontend: { direction } });
        expect(rig.asked.head?.get(deadlineField)).toBe(left);
      }
    }
  });

  test("is told to the next hop where a rule alone limits, and not where nothing does", () => {
    const limited = new Rig({ requestTimeoutMs: 1000 });
    limited.ask();
    limited.clock.advance(10);
    expect(limited.asked.head?.get(deadlineField)).toBe("990");
    const free = new Rig();
    free.ask();
    expect(free.asked.head?.get(deadlineField)).toBeNull();
  });

  test("that nobody can read limits nothing", () => {
    const { rig, client } = asks("soon");
    rig.asked.reply(200);
    expect(client.head?.status).toBe(200);
  });

  test("that a process passes on as it was told counts what the process has spent", () => {
    const told = formatDeadline(1480.7, 73_514.2);
    expect(told).toBe("1480;from=73514");
    expect(parseDeadline(told, 74_514)).toBe(480);
    expect(parseDeadline(told, 80_000)).toBeLessThan(0);
    expect(parseDeadline(told, null)).toBe(1480); // of another host
    expect(parseDeadline("1480", 99)).toBe(1480);
    expect(parseDeadline("-1", 99)).toBeNull();
    expect(formatDeadline(-3, null)).toBe("0");
  });
});
