import { describe, expect, test } from "vitest";
import { tcp } from "../model/address.ts";
import { recordTypes, responseCodes } from "../net/dns/query.ts";
import { DnsNames } from "./dns-names.ts";

const { A, AAAA, ANY, PTR, SRV } = recordTypes;
const names = new DnsNames(
  {
    datagrams: "udp",
    listener: { name: "tcp", address: tcp("127.0.0.1", 1) },
    services: [
      {
        service: "default/kvs",
        address: "127.130.1.2",
        ports: [
          { name: "http", number: 80 },
          { name: null, number: 81 },
        ],
      },
      { service: "shop/cart", address: "127.140.3.4", ports: [{ name: "grpc", number: 9000 }] },
    ],
  },
  { namespace: "default" },
  "mesh.test",
);
const addressOf = (name: string) => {
  const [record] = names.answer(name, A)?.answers ?? [];
  return record?.type === "A" ? record.address : null;
};
/** How a question without a record is answered: `no such name`, `no such record`, or not by us. */
const lackOf = (name: string, type: number = A) => {
  const reply = names.answer(name, type);
  if (reply === null) return "not ours";
  expect(reply.answers).toEqual([]);
  expect(reply.authority).toMatchObject([{ type: "SOA" }]);
  return reply.code === responseCodes.noSuchName ? "no such name" : "no such record";
};

test("a service has four names, and to its own namespace the shortest", () => {
  for (const name of ["kvs", "kvs.default", "kvs.default.svc", "kvs.default.svc.mesh.test"]) {
    expect(addressOf(name), name).toBe("127.130.1.2");
  }
  for (const name of ["cart.shop", "cart.shop.svc", "cart.shop.svc.mesh.test"]) {
    expect(addressOf(name), name).toBe("127.140.3.4");
  }
  expect(lackOf("cart")).toBe("not ours");
});

test("a service has no address of IPv6, which is not: no such name", () => {
  expect(lackOf("kvs", AAAA)).toBe("no such record");
  expect(lackOf("kvs.default.svc.mesh.test", 65)).toBe("no such record");
  expect(names.answer("kvs", ANY)?.answers).toHaveLength(1);
});

test("named ports are found by SRV, with the address beside", () => {
  expect(names.answer("_http._tcp.kvs", SRV)).toEqual({
    code: 0,
    answers: [{ name: null, type: "SRV", target: "kvs.default.svc.mesh.test", port: 80 }],
    authority: [],
    additional: [{ name: "kvs.default.svc.mesh.test", type: "A", address: "127.130.1.2" }],
  });
  expect(lackOf("_http._tcp.kvs")).toBe("no such record");
  expect(lackOf("_smtp._tcp.kvs.default.svc.mesh.test", SRV)).toBe("no such name");
});

test("a virtual address is the service's full name", () => {
  expect(names.answer("2.1.130.127.in-addr.arpa", PTR)?.answers).toMatchObject([
    { target: "kvs.default.svc.mesh.test" },
  ]);
  expect(lackOf("9.9.130.127.in-addr.arpa", PTR)).toBe("no such name");
  expect(lackOf("1.0.0.127.in-addr.arpa", PTR)).toBe("not ours");
});

describe("what else there is", () => {
  test.each([
    ["nosuch.default.svc.mesh.test", "no such name"],
    ["nosuch.default.svc", "no such name"],
    ["kvs.mesh.test", "no such name"],
    ["kvs.default.svc.mesh.test.default.svc.mesh.test", "no such name"], // by a search list
    ["default.svc.mesh.test", "no such record"],
    ["svc.mesh.test", "no such record"],
    ["mesh.test", "no such record"],
    ["_tcp.kvs", "no such record"],
    ["nosuch.default", "not ours"],
    ["nosuch", "not ours"],
    ["example.com", "not ours"],
    ["kvs.example.com", "not ours"],
    ["notmesh.test", "not ours"],
    ["", "not ours"],
  ])("%s: %s", (name, expected) => {
    expect(lackOf(name)).toBe(expected);
  });
});
