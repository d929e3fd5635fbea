import { compileContractReader } from "@heddle/mesh/contract/reader.ts";
import type { ContractDoc, Document } from "@heddle/mesh/model/document.ts";
import { toSpiffeId } from "@heddle/mesh/model/identity.ts";
import type { BodyCapture, ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";
import { describe, expect, test } from "vitest";
import { kvsContract, serviceDoc } from "../support/documents.ts";
import { Rig, type RigOptions, sendBody } from "./harness.ts";
import { SimulatedMesh } from "./simulated-rig.ts";

const rigWith = (changes: Partial<ContractDoc> = {}, options: RigOptions = {}) =>
  new Rig({ contract: compileContractReader(kvsContract(changes)), ...options });
const kvsId = toSpiffeId("spiffe://mesh.test/ns/default/sa/kvs")!;
const textOf = (body: BodyCapture | null | undefined) =>
  body && Buffer.from(body.octets).toString("latin1", 0, body.length);
const operationOf = ({ operation }: ExchangeRecord) => operation!;

describe("a request of a service with a Contract", () => {
  test("is recorded as an operation, with the value it puts", () => {
    const rig = rigWith();
    const { exchange } = rig.ask({ method: "PUT", path: "/007", length: "chunked" });
    rig.server.open();
    sendBody(exchange, "ab");
    sendBody(exchange, "cd");
    exchange.onRequestEnd(null);
    rig.server.reply(200, "ignored");
    const { operation, key, parameters, requestBody, replyBody, contract } = operationOf(
      rig.record,
    );
    expect([contract.name, operation.name, key]).toEqual(["default/kvs", "put", "7"]);
    expect(parameters).toEqual({ k: "007" });
    expect(textOf(requestBody)).toBe("abcd");
    expect(requestBody).toMatchObject({ isWhole: true, isTooLong: false });
    expect(replyBody).toBe(null); // it gives nothing
  });

  test("is recorded with the value it gives, an empty one too", () => {
    for (const value of ["abc", ""]) {
      const rig = rigWith();
      rig.ask();
      rig.server.open();
      rig.server.reply(200, value);
      const { requestBody, replyBody } = operationOf(rig.record);
      expect(requestBody).toBe(null);
      expect(textOf(replyBody)).toBe(value);
      expect(replyBody!.isWhole).toBe(true);
    }
  });

  test("whose value is longer than the limit is let go", () => {
    const rig = rigWith({ valueBytesMax: 4 });
    const { exchange } = rig.ask({ method: "PUT", length: "chunked" });
    rig.server.open();
    sendBody(exchange, "abcd");
    sendBody(exchange, "e");
    sendBody(exchange, "f");
    exchange.onRequestEnd(null);
    rig.server.reply(200);
    const { requestBody } = operationOf(rig.record);
    expect(requestBody).toMatchObject({ isTooLong: true, isWhole: false, length: 0 });
    expect(requestBody!.octets).toHaveLength(0);
    expect(rig.servers[0]!.body).toBe("abcdef"); // to the process it went whole
  });

  test("is no operation where the Contract does not know it, or does not record its key", () => {
    const rig = rigWith();
    rig.ask({ method: "DELETE" });
    rig.server.open();
    rig.server.reply(200);
    expect(rig.record.operation).toBe(null);
    const other = rigWith({ keyShare: 0.000_001 });
    other.ask();
    other.server.open();
    other.server.reply(200);
    expect(other.record.operation).toBe(null);
  });

  test("tried again is one operation, its value captured once", () => {
    const rig = rigWith({}, { endpoints: 3, identity: kvsId });
    const { exchange } = rig.ask({ method: "PUT", length: "chunked" });
    sendBody(exchange, "ab"); // before there is a connection
    rig.server.lose({ kind: "refused", detail: "refused" });
    const second = rig.server;
    second.open();
    second.fail({ sent: false });
    sendBody(exchange, "c");
    exchange.onRequestEnd(null);
    rig.server.open();
    rig.server.reply(200);
    expect(rig.record.attempts).toBe(3);
    expect(textOf(operationOf(rig.record).requestBody)).toBe("abc");
  });

  test("whose body came before an endpoint did is captured from its beginning", () => {
    const rig = rigWith();
    rig.apply({ e0: "gone" });
    const { exchange } = rig.ask({ method: "PUT", length: "chunked" });
    sendBody(exchange, "ab");
    exchange.onRequestEnd(null);
    rig.apply({ e0: "ready" });
    rig.server.open();
    rig.server.reply(200);
    expect(textOf(operationOf(rig.record).requestBody)).toBe("ab");
    expect(operationOf(rig.record).requestBody!.isWhole).toBe(true);
  });

  test("cut short has no whole value", () => {
    const asked = rigWith();
    const { exchange } = asked.ask({ method: "PUT", length: "chunked" });
    asked.server.open();
    sendBody(exchange, "ab");
    exchange.onRequestFailed("client-gone", "gone");
    expect(operationOf(asked.record).requestBody!.isWhole).toBe(false);
    const answered = rigWith();
    answered.ask();
    answered.server.open();
    answered.server.replyHead(200);
    answered.server.replyBody("ab");
    answered.server.fail();
    expect(operationOf(answered.record).replyBody!.isWhole).toBe(false);
  });

  test("whose value is encoded has none that could be compared", () => {
    for (const [coding, isWhole] of [
      ["gzip", false],
      ["identity", true],
    ] as const) {
      const rig = rigWith();
      rig.ask();
      rig.server.open();
      rig.server.replyHead(200, [["content-encoding", coding]]);
      rig.server.replyBody("ab");
      rig.server.replyEnd();
      expect(operationOf(rig.record).replyBody!.isWhole).toBe(isWhole);
    }
  });

  test("that a proxy answered was given no value", () => {
    const rig = rigWith({}, { identity: kvsId });
    rig.ask();
    rig.server.open();
    rig.server.replyHead(502, [["x-heddle-reason", "reset"]]);
    rig.server.replyBody("reset");
    rig.server.replyEnd();
    expect(rig.record).toMatchObject({ origin: "proxy", reason: "reset" });
    expect(operationOf(rig.record).replyBody!.isWhole).toBe(false);
    const own = rigWith();
    own.ask();
    own.server.lose({ kind: "refused", detail: "refused" });
    own.clock.advance(20_000);
    expect(operationOf(own.record).replyBody!.isWhole).toBe(false);
  });
});

describe.each([true, false])("caller's and receiver's proxies, TLS %s,", (hasTls) => {
  test("read the same operation, and who asked behind the caller", async () => {
    const mesh = new SimulatedMesh({ hasTls });
    const contract = kvsContract({ callerField: "x-user" });
    const [proxy, , endpoints] = mesh.callerDocs as [Document, Document, Document];
    mesh.caller.serve([proxy, serviceDoc("kvs", { contract }), endpoints]);
    mesh.kvs.serve([mesh.kvsDoc, serviceDoc("kvs", { contract })]);
    mesh
      .dial()
      .say("PUT //%37 HTTP/1.1\r\nHost: kvs\r\nX-User: eve\r\nContent-Length: 2\r\n\r\nab");
    await mesh.pass(100);
    const seen = [mesh.caller, mesh.kvs].map(({ records: [record] }) => [
      operationOf(record!).operation.name,
      operationOf(record!).key,
      textOf(operationOf(record!).requestBody),
      record!.callerField,
    ]);
    expect(seen).toEqual([
      ["put", "7", "ab", "eve"],
      ["put", "7", "ab", "eve"],
    ]);
  });

  test("read what is forwarded after a rewrite, by the Contract of the service it goes to", async () => {
    const mesh = new SimulatedMesh({ hasTls });
    const [proxy, , endpoints] = mesh.callerDocs as [Document, Document, Document];
    const front = serviceDoc("front", {
      ports: [
        {
          name: "http",
          number: 80,
          protocol: "http",
          routes: {
            matches: [
              {
                rule: 0,
                hostnames: [],
                path: { type: "prefix", value: "/store" },
                method: null,
                headers: [],
                query: [],
              },
            ],
            rules: [
              {
                route: "HTTPRoute/default/front",
                name: "0",
                filters: [
                  {
                    type: "url-rewrite",
                    hostname: null,
                    path: { replace: "prefix", from: "/store", value: "/" },
                  },
                ],
                backends: [
                  { backend: { service: "default/kvs", port: 80 }, weight: 1, filters: [] },
                ],
                requestTimeoutMs: null,
                fails: null,
              },
            ],
          },
        },
      ],
    });
    const kvs = serviceDoc("kvs", { contract: kvsContract() });
    const outbound = {
      listener: { name: "out", address: { kind: "tcp", host: "127.0.0.1", port: 8001 } },
      service: "default/front",
      port: 80,
    };
    mesh.caller.serve([{ ...proxy, outbound: [outbound] } as Document, front, kvs, endpoints]);
    mesh.dial().get("/store/7");
    await mesh.pass(100);
    const [record] = mesh.caller.records;
    expect(record).toMatchObject({
      service: "default/front",
      backend: "default/kvs",
      path: "/7",
      receivedPath: "/store/7",
      status: 200,
    });
    expect(operationOf(record!)).toMatchObject({ key: "7", operation: { name: "get" } });
  });
});
