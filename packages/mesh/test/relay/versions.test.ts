import type { PortProtocol } from "@heddle/mesh/model/protocol.ts";
import type { ServerStream } from "@heddle/mesh/net/codec.ts";
import { PlainFields, PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import { websocketAccept } from "@heddle/mesh/net/websocket-key.ts";
import { describe, expect, test } from "vitest";
import { CodecMesh } from "./codec-mesh.ts";

const versions = ["http/1.1", "h2"] as const;
const pairs = versions.flatMap((caller) => versions.map((speaks) => ({ caller, speaks })));

describe.each(pairs)("a caller of $caller, a process of $speaks", ({ caller, speaks }) => {
  test("bodies, fields and trailers go both ways, and both proxies say what was spoken", async () => {
    const mesh = new CodecMesh({ speaks });
    const client = mesh.dial(caller);
    await mesh.pass();
    const fields = [
      ["x-a", "1"],
      ["te", "trailers"],
    ] as const;
    const asking = client.ask({ method: "POST", path: "/a?b=c", length: "chunked", fields });
    asking.say("hello").stream!.sendEnd(new PlainFields([["x-sum", "5"]]));
    await mesh.pass();
    const [served] = mesh.served;
    expect(served).toMatchObject({ body: "hello", end: "whole" });
    expect(served!.head).toMatchObject({ method: "POST", path: "/a?b=c", authority: "kvs" });
    expect([served!.head.get("x-a"), served!.trailers?.get("x-sum")]).toEqual(["1", "5"]);
    served!.stream.sendHead(new PlainReplyHead(201, [["x-b", "2"]]), "chunked");
    served!.say("world").stream.sendEnd(new PlainFields([["x-end", "6"]]));
    await mesh.pass();
    expect([asking.head!.status, asking.head!.get("x-b"), asking.body]).toEqual([
      201,
      "2",
      "world",
    ]);
    expect([asking.end, asking.trailers?.get("x-end")]).toEqual(["whole", "6"]);
    for (const { records } of [mesh.caller, mesh.kvs]) {
      expect(records).toMatchObject([
        { protocol: caller, status: 201, requestBytes: 5, replyBytes: 5, reason: null },
      ]);
    }
  });

  test("a WebSocket is opened, carries octets, and is closed from either end", async () => {
    const mesh = new CodecMesh({ speaks });
    const client = mesh.dial(caller);
    await mesh.pass();
    const key = "dGhlIHNhbXBsZSBub25jZQ==";
    const fields = [
      ["sec-websocket-version", "13"],
      ...(caller === "h2" ? [] : [["sec-websocket-key", key] as const]),
    ] as const;
    const asking = client.ask({ path: "/chat", length: "tunnel", upgrade: "websocket", fields });
    await mesh.pass();
    const [served] = mesh.served;
    expect(served).toMatchObject({ length: "tunnel" });
    expect(served!.head).toMatchObject({ method: "GET", upgrade: "websocket", path: "/chat" });
    expect(served!.head.get("sec-websocket-version")).toBe("13");
    const given = served!.head.get("sec-websocket-key");
    expect(given !== null).toBe(speaks === "http/1.1");
    const accept =
      given === null ? [] : [["sec-websocket-accept", websocketAccept(given)] as const];
    served!.stream.sendHead(new PlainReplyHead(101, accept), "tunnel");
    served!.say("first");
    await mesh.pass();
    expect([asking.length, asking.head!.status, asking.body]).toEqual(["tunnel", 101, "first"]);
    const accepted = caller === "h2" ? null : websocketAccept(key);
    expect(asking.head!.get("sec-websocket-accept")).toBe(accepted);
    asking.say("second").stream!.sendEnd(null);
    await mesh.pass();
    expect(served).toMatchObject({ body: "second", end: "whole" });
    served!.say(" last").stream.sendEnd(null);
    await mesh.pass();
    expect(asking).toMatchObject({ body: "first last", end: "whole" });
    for (const { records } of [mesh.caller, mesh.kvs]) {
      expect(records).toMatchObject([
        { protocol: caller, status: 101, requestBytes: 6, replyBytes: 10, reason: null },
      ]);
    }
  });

  test("a tunnel by CONNECT is granted or refused", async () => {
    const mesh = new CodecMesh({ speaks });
    const client = mesh.dial(caller);
    await mesh.pass();
    const asking = client.ask({
      method: "CONNECT",
      path: "",
      authority: "kvs:80",
      length: "tunnel",
    });
    await mesh.pass();
    const [served] = mesh.served;
    expect(served!.head).toMatchObject({ method: "CONNECT", upgrade: null });
    served!.stream.sendHead(new PlainReplyHead(200), "tunnel");
    await mesh.pass();
    asking.say("octets");
    await mesh.pass();
    expect([asking.length, served!.body]).toEqual(["tunnel", "octets"]);
    const other = mesh.dial(caller);
    await mesh.pass();
    const refused = other.ask({ path: "/chat", length: "tunnel", upgrade: "websocket" });
    await mesh.pass();
    mesh.served[1]!.stream.sendHead(new PlainReplyHead(403), 2);
    mesh.served[1]!.say("no").stream.sendEnd(null);
    await mesh.pass();
    expect([refused.head!.status, refused.body, refused.end]).toEqual([403, "no", "whole"]);
  });

  test("who gives up is heard at the other end, both ways", async () => {
    const mesh = new CodecMesh({ speaks });
    const client = mesh.dial(caller);
    await mesh.pass();
    client.ask({ method: "POST", length: "chunked" }).say("x").stream!.abort();
    await mesh.pass();
    const other = mesh.dial(caller);
    await mesh.pass();
    const asking = other.ask({});
    await mesh.pass();
    expect(mesh.served.filter(({ end }) => end === "failed").length).toBe(mesh.served.length - 1);
    mesh.served.at(-1)!.stream.sendHead(new PlainReplyHead(200), "chunked");
    mesh.served.at(-1)!.say("part");
    await mesh.pass();
    mesh.served.at(-1)!.stream.abort();
    await mesh.pass();
    expect(asking).toMatchObject({ body: "part", end: "failed" });
  });
});

test("calls of gRPC: statuses, deadlines and the proxies' own answers arrive", async () => {
  const mesh = new CodecMesh({ speaks: "h2" });
  const client = mesh.dial("h2");
  await mesh.pass();
  const call = (timeout: string) =>
    client.ask({
      method: "POST",
      path: "/kvs.Store/Get",
      length: "chunked",
      fields: [
        ["content-type", "application/grpc"],
        ["te", "trailers"],
        ["grpc-timeout", timeout],
      ],
    });
  const good = call("10S");
  await mesh.pass();
  const [served] = mesh.served;
  expect(served!.head.get("grpc-timeout")).toMatch(/^99[0-9]{5}u$/);
  served!.stream.sendHead(
    new PlainReplyHead(200, [["content-type", "application/grpc"]]),
    "chunked",
  );
  served!.say("m").stream.sendEnd(new PlainFields([["grpc-status", "7"]]));
  await mesh.pass();
  expect(good.trailers!.get("grpc-status")).toBe("7");
  const late = call("1S");
  await mesh.pass();
  await mesh.pass(1200);
  expect(late.head!.get("grpc-status")).toBe("4");
  expect(mesh.served[1]!.end).toBe("failed");
  mesh.network.kill("app");
  await mesh.pass();
  const refused = call("9S");
  await mesh.pass(9500);
  expect([refused.head!.status, refused.head!.get("grpc-status")]).toEqual([200, "14"]);
  expect([late.length, refused.length]).toEqual([0, 0]); // trailers-only, though timers had it said
  expect(mesh.caller.records.map(({ grpcStatus }) => grpcStatus)).toEqual([7, 4, 14]);
  expect(mesh.kvs.records.slice(0, 2).map(({ grpcStatus }) => grpcStatus)).toEqual([7, 4]);
});

const strangers = [
  { caller: "h2", speaks: "http/1.1", shown: "bad-response", name: "HTTP/1.1" },
  { caller: "http/1.1", speaks: "h2", shown: "bad-response", name: "HTTP/2" },
] as const;

function answer({ stream }: { readonly stream: ServerStream }): void {
  stream.sendHead(new PlainReplyHead(200), 0);
  stream.sendEnd(null);
}

describe.each(strangers)("a process of $speaks that declares nothing, asked in $caller", (pair) => {
  const { caller, speaks, shown, name } = pair;
  const open = async (protocol: PortProtocol = "detect") => {
    const mesh = new CodecMesh({ speaks, protocol, fits: false });
    mesh.onServed = answer;
    const strange = mesh.dial(caller);
    const own = mesh.dial(speaks);
    await mesh.pass();
    return { mesh, strange, own };
  };

  test("shows that it speaks another version, and is asked in that one, body and all", async () => {
    const { mesh, strange, own } = await open();
    mesh.onServed = () => {};
    const asking = strange.ask({ method: "POST", length: 5 });
    asking.say("hello").stream!.sendEnd(null);
    await mesh.pass();
    expect(mesh.served).toMatchObject([{ body: "hello", end: "whole" }]);
    answer(mesh.served[0]!);
    mesh.onServed = answer;
    await mesh.pass();
    expect([asking.head!.status, asking.end]).toEqual([200, "whole"]);
    const [record] = mesh.kvs.records;
    expect(record).toMatchObject({ protocol: caller, status: 200, attempts: 2, replayed: false });
    expect(record!.earlier).toMatchObject([{ reason: shown }]);
    expect(record!.detail).toBe(`asked in ${name}, which the process has shown to speak alone`);
    const [fitting, again] = [own.ask({}), strange.ask({})];
    await mesh.pass();
    expect([fitting.head!.status, again.head!.status]).toEqual([200, 200]);
    const rest = mesh.kvs.records.slice(1).map(({ attempts, detail }) => [attempts, detail]);
    expect(rest).toContainEqual([1, record!.detail]); // it is remembered
    expect(rest).toContainEqual([1, ""]);
  });

  test("is asked anew once it may be another program", async () => {
    const { mesh, strange } = await open();
    strange.ask({});
    await mesh.pass();
    strange.ask({});
    await mesh.pass(10_000); // its connections have closed of idleness
    strange.ask({});
    await mesh.pass();
    expect(mesh.kvs.records.map(({ attempts }) => attempts)).toEqual([2, 1, 2]);
  });

  test("fails, and is not away, where it is declared to speak what it does not", async () => {
    const { mesh, strange } = await open(caller === "h2" ? "h2c" : "http1");
    const asked = strange.ask({});
    await mesh.pass();
    expect([asked.head!.status, asked.head!.get("x-heddle-reason")]).toEqual([502, shown]);
    expect(asked.body).toContain("declare it: appProtocol");
    expect(mesh.served).toEqual([]);
    expect(mesh.kvs.records).toMatchObject([{ attempts: 1 }]);
  });
});

describe.each([true, false])("over HTTP/2 both ends name a message alike (TLS: %s)", (hasTls) => {
  test("with streams interleaved, given up and answered in any order", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const mesh = new CodecMesh({ speaks: "h2", hasTls, seed });
      const clients = [mesh.dial("h2"), mesh.dial("h2")];
      await mesh.pass();
      const asked = [];
      for (let round = 0; round < 20; round++) {
        for (const client of clients) asked.push(client.ask({ path: `/${asked.length}` }));
        if (mesh.rng.below(4) === 0) asked.at(-1)!.stream!.abort();
        await mesh.pass(mesh.rng.below(20));
        const waiting = mesh.served.filter(({ end, body }) => end === "whole" && body === "");
        for (const served of waiting.toSorted(() => mesh.rng.below(3) - 1).slice(1)) {
          served.body = "answered";
          served.stream.sendHead(new PlainReplyHead(200), 0);
          served.stream.sendEnd(null);
        }
      }
      await mesh.pass(100);
      const received = (records: readonly { frontConnection: string; frontOrdinal: number }[]) =>
        records.map((record) => `${record.frontConnection} ${record.frontOrdinal}`);
      const sent = (
        records: readonly { connection: string | null; ordinal: number; sentSeq: number }[],
      ) =>
        records.flatMap(({ connection, ordinal, sentSeq }) =>
          sentSeq > 0 ? [`${connection} ${ordinal}`] : [],
        );
      const { caller, kvs } = mesh;
      for (const places of [
        received(caller.records),
        sent(caller.records),
        received(kvs.records),
        sent(kvs.records),
      ]) {
        expect(new Set(places).size).toBe(places.length);
        expect(places.length).toBeGreaterThan(10);
      }
      const places = asked.map(({ place }) => place);
      for (const place of received(caller.records)) expect(places).toContain(place);
      for (const place of received(kvs.records)) expect(sent(caller.records)).toContain(place);
      const paths = (records: readonly { path: string }[]) => records.map(({ path }) => path);
      const byPlace = new Map(
        caller.records.map((record) => [`${record.connection} ${record.ordinal}`, record.path]),
      );
      expect(paths(kvs.records)).toEqual(received(kvs.records).map((place) => byPlace.get(place)));
      for (const { place, head } of mesh.served) {
        const record = kvs.records.find((each) => each.path === head.path);
        if (record !== undefined) expect(`${record.connection} ${record.ordinal}`).toBe(place);
      }
    }
  });
});
