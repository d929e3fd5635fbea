import { expect, test } from "vitest";
import { Rig } from "./harness.ts";

// Rows of the checklist for intermediaries that the relay decides, not a codec (docs/conformance.md).

test("row 34: a tunnel's half-closes pass, and it ends when both sides have", () => {
  const rig = new Rig();
  const { client, exchange } = rig.ask({ upgrade: "echo", length: "tunnel" });
  rig.server.open();
  rig.server.replyHead(101, [["upgrade", "echo"]], "tunnel");
  expect([client.head?.status, client.length]).toEqual([101, "tunnel"]);
  exchange.onRequestEnd(null);
  expect(rig.server.hasEnded).toBe(true);
  rig.server.replyBody("still here");
  expect([client.body, client.end]).toEqual(["still here", "none"]);
  rig.server.replyEnd();
  expect(client.end).toBe("whole");
});

test.each(["POST", "PATCH"])(
  "row 45: %s whose connection broke once it was sent is not sent again",
  (method) => {
    const rig = new Rig({ endpoints: 2 });
    const { client } = rig.ask({ method });
    rig.server.open();
    rig.server.fail({ sent: true });
    expect(rig.servers).toHaveLength(1);
    expect(client.head?.status).toBe(502);
  },
);

test("row 45: one that the server has surely not processed is", () => {
  const rig = new Rig({ endpoints: 2 });
  const { client } = rig.ask({ method: "POST" });
  rig.server.open();
  rig.server.fail({ reason: "refused-stream", sent: true });
  rig.server.open();
  rig.server.reply(200);
  expect([rig.servers.length, client.head?.status]).toEqual([2, 200]);
});

test("row 45: nor is an idempotent one of which a reply has begun", () => {
  const rig = new Rig({ endpoints: 2 });
  const { client } = rig.ask({ method: "GET" });
  rig.server.open();
  rig.server.replyHead(200);
  rig.server.replyBody("half");
  rig.server.fail();
  expect([rig.servers.length, client.end]).toEqual([1, "cut"]);
});

test("row 46: a request on a connection that lay idle and has gone is sent once more", () => {
  const rig = new Rig();
  const server = rig.warm();
  const { client } = rig.ask({ method: "GET" });
  server.fail({ sent: true });
  rig.server.open();
  rig.server.reply(200);
  expect([rig.servers.length, client.head?.status]).toEqual([2, 200]);
});

test("row 47: a reply that does not come in time is 504", () => {
  const rig = new Rig({ requestTimeoutMs: 100 });
  const { client } = rig.ask();
  rig.server.open();
  rig.clock.advance(99);
  expect(client.head).toBe(null);
  rig.clock.advance(2);
  expect(client.head?.status).toBe(504);
});
