import { toSpiffeId } from "@heddle/mesh/model/identity.ts";
import { describe, expect, test } from "vitest";
import { type AskedLine, Rig, type RigOptions, sendBody } from "./harness.ts";
import type { WideStream } from "./wide-server.ts";

const peer = toSpiffeId("spiffe://mesh.test/ns/default/sa/kvs")!;
const type = ["content-type", "application/grpc+proto"] as const;
const call = (...fields: (readonly [string, string])[]): AskedLine => ({
  protocol: "h2",
  method: "POST",
  path: "/kvs.Store/Get",
  length: "chunked",
  fields: [type, ...fields],
});

/** A call that has reached its server. */
function called(line = call(), options: RigOptions = {}) {
  const rig = new Rig(options);
  const asked = rig.ask(line);
  rig.wide[0]!.open();
  return { rig, ...asked, stream: rig.wide[0]!.streams[0]! };
}

const fieldsOf = (from: { get(name: string): string | null } | null) => ({
  status: from?.get("grpc-status") ?? null,
  message: from?.get("grpc-message") ?? null,
});

describe("the status of a call", () => {
  test("is that of its trailers", () => {
    const { rig, client, exchange, stream } = called();
    exchange.onRequestEnd(null);
    stream
      .replyHead(200, [type])
      .replyBody("m")
      .replyEnd([["grpc-status", "5"]]);
    expect(client.trailers!.get("grpc-status")).toBe("5");
    expect(rig.record).toMatchObject({ status: 200, grpcStatus: 5, reason: null, protocol: "h2" });
  });

  test("is that of a head without a body", () => {
    const { rig, stream } = called();
    stream.replyHead(200, [type, ["grpc-status", "0"]], 0).replyEnd();
    expect(rig.record.grpcStatus).toBe(0);
  });

  test("that is no number is unknown; without one there is none; HTTP has none", () => {
    const odd = called();
    odd.stream.replyHead(200).replyEnd([["grpc-status", "fine"]]);
    expect(odd.rig.record.grpcStatus).toBe(2);
    const without = called();
    without.stream.replyHead(503).replyEnd();
    expect(without.rig.record.grpcStatus).toBe(-1);
    const web = called({ ...call(), fields: [["content-type", "application/grpc-web"]] });
    web.stream.replyHead(200, [["grpc-status", "0"]]).replyEnd();
    expect(web.rig.record.grpcStatus).toBe(-1);
  });

  test("of a server that fails fast makes it no more attractive", () => {
    const { rig, stream } = called();
    const load = () => rig.backend.spec.members[0]!.target.loadMs(rig.clock.monotonicMs());
    stream.replyHead(200).replyEnd([["grpc-status", "0"]]);
    const before = load();
    rig.ask(call());
    rig.wide[0]!.streams[1]!.replyHead(200, [["grpc-status", "14"]], 0).replyEnd();
    expect(load()).toBe(before);
  });
});

describe("an answer made by the proxy", () => {
  test("is a head alone, with status and message", () => {
    const rig = new Rig({ frontend: { budgetOf: null } });
    const { client } = rig.ask(call());
    rig.wide[0]!.lose({ kind: "refused", detail: "50% off: naïve" });
    expect(client.head!.status).toBe(200);
    expect(client.length).toBe(0);
    expect(client.head!.get("content-type")).toBe("application/grpc");
    expect(fieldsOf(client.head)).toEqual({
      status: "14",
      message: "connect-refused: 50%25 off: na%C3%AFve",
    });
    expect(rig.record).toMatchObject({ grpcStatus: 14, reason: "connect-refused" });
  });

  test("is HTTP for gRPC-Web, which cannot read trailers", () => {
    const rig = new Rig({ frontend: { budgetOf: null } });
    const fields = [["content-type", "application/grpc-web+proto"]] as const;
    const { client } = rig.ask({ ...call(), fields });
    rig.wide[0]!.lose({ kind: "refused", detail: "" });
    expect([client.head!.status, fieldsOf(client.head).status]).toEqual([502, null]);
  });

  test("comes in trailers where a reply has begun, and not where its length was told", () => {
    const begun = called();
    begun.stream.replyHead(200, [type]).replyBody("part");
    begun.stream.fail({ detail: "gone" });
    expect([begun.client.end, begun.client.body]).toEqual(["whole", "part"]);
    expect(fieldsOf(begun.client.trailers)).toEqual({ status: "13", message: "reset: gone" });
    expect(begun.rig.record).toMatchObject({ grpcStatus: 13, reason: "reset" });
    const counted = called();
    counted.stream.replyHead(200, [type], 10).replyBody("part");
    counted.stream.fail({});
    expect(counted.client.end).toBe("cut");
  });

  test("by a peer's proxy says whether the call may be sent again", () => {
    const { rig, client, stream } = called(call(), { identity: peer, endpoints: 2 });
    stream
      .replyHead(
        200,
        [
          ["grpc-status", "14"],
          ["x-heddle-reason", "connect-refused"],
        ],
        0,
      )
      .replyEnd();
    rig.wide[1]!.open()
      .streams[0]!.replyHead(200)
      .replyEnd([["grpc-status", "0"]]);
    expect(fieldsOf(client.trailers).status).toBe("0");
    expect(rig.record).toMatchObject({ attempts: 2, grpcStatus: 0, reason: null });
  });

  test("is not made of the process's own failure, which is passed on as it is", () => {
    const { rig, client, stream } = called(call(), { endpoints: 2 });
    stream.replyHead(200, [["grpc-status", "14"]], 0).replyEnd();
    expect(fieldsOf(client.head).status).toBe("14");
    expect(rig.record).toMatchObject({ attempts: 1, grpcStatus: 14, reason: null });
  });
});

describe("the caller's deadline", () => {
  const timeoutOf = (stream: WideStream) => stream.head!.get("grpc-timeout");

  test("goes on, less what was spent here", () => {
    const rig = new Rig();
    rig.ask(call(["grpc-timeout", "1S"]));
    rig.clock.advance(250);
    rig.wide[0]!.open();
    expect(timeoutOf(rig.wide[0]!.streams[0]!)).toBe("750000u");
  });

  test("shrinks again for another attempt", () => {
    const { rig, stream } = called(call(["grpc-timeout", "2000m"]));
    rig.clock.advance(500);
    stream.fail({ reason: "refused-stream" });
    expect(timeoutOf(rig.wide[0]!.streams[1]!)).toBe("1500000u");
  });

  test("ends the call with status 4, before a reply and amid one", () => {
    const early = called(call(["grpc-timeout", "1S"]));
    early.rig.clock.advance(1100);
    expect(fieldsOf(early.client.head).status).toBe("4");
    expect(early.rig.record).toMatchObject({ reason: "request-timeout", grpcStatus: 4 });
    expect(early.stream.isAborted).toBe(true);
    const late = called(call(["grpc-timeout", "1S"]));
    late.stream.replyHead(200, [type]).replyBody("a");
    late.rig.clock.advance(1100);
    expect(fieldsOf(late.client.trailers).status).toBe("4");
    expect(late.stream.isAborted).toBe(true);
  });

  test("that passes before anything was sent: surely nothing was executed", () => {
    const none = new Rig();
    const at = none.ask(call(["grpc-timeout", "0S"]));
    expect([fieldsOf(at.client.head).status, none.wide.length]).toEqual(["4", 0]);
    expect(none.record).toMatchObject({ reason: "deadline-passed", attempts: 0 });
    const waiting = new Rig();
    waiting.ask(call(["grpc-timeout", "500m"]));
    waiting.clock.advance(600);
    expect(waiting.record).toMatchObject({ reason: "deadline-passed", sentSeq: 0, grpcStatus: 4 });
  });

  test("and the route's limit: the shorter holds", () => {
    const { rig, client } = called(call(["grpc-timeout", "9S"]), { requestTimeoutMs: 1000 });
    rig.clock.advance(1100);
    expect(fieldsOf(client.head).status).toBe("4");
    expect(rig.record.reason).toBe("request-timeout");
  });

  test("that is none is passed on untouched", () => {
    const rig = new Rig();
    rig.ask(call(["grpc-timeout", "soon"]));
    rig.clock.advance(250);
    rig.wide[0]!.open();
    expect(timeoutOf(rig.wide[0]!.streams[0]!)).toBe("soon");
  });
});

test("a caller that cancels is heard by the server at once, and the other way round", () => {
  const gone = called();
  gone.exchange.onRequestFailed("client-gone", "RST_STREAM");
  expect(gone.stream.isAborted).toBe(true);
  const cut = called({ ...call(), fields: [] });
  cut.stream.replyHead(200).fail({ detail: "RST_STREAM" });
  expect(cut.client.end).toBe("cut");
});

test("a stream of messages leaves nothing behind once the first reply is here", () => {
  const { exchange, client, stream } = called();
  stream.replyHead(200, [type]);
  for (let message = 0; message < 1000; message++) {
    sendBody(exchange, "x".repeat(1000));
    stream.replyBody("y");
  }
  expect([stream.body.length, client.body.length]).toEqual([1_000_000, 1000]);
  expect(client.isRequestPaused).toBe(false);
});
