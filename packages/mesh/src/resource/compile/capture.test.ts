import fc from "fast-check";
import { expect, test } from "vitest";
import { tcp } from "../../model/address.ts";
import type { Service } from "../core/service.ts";
import { redirectsOf } from "./capture.ts";
import { compileProxy } from "./proxy.ts";
import { service } from "./samples.fixture.ts";
import { socketsOf } from "./sockets.ts";
import { virtualAddresses, virtualRange } from "./virtual-address.ts";
import type { WorkloadView } from "./workload-view.ts";

const view: WorkloadView = {
  uid: "u0",
  name: "app-0",
  namespace: "default",
  identity: null,
  labels: {},
  ports: [],
  gateway: null,
  inbound: null,
  state: { phase: "ready" },
  isCaptured: true,
};
const kvs = service("kvs", {
  ports: [
    { name: "http", port: 80 },
    { name: "admin", port: 81 },
  ],
});
const cart = service("cart", { ports: [{ port: 9000 }] }, "shop");
const elsewhere = service("elsewhere", { type: "ExternalName", externalName: "example.com" });

function created(name: string, creationTimestamp: string): Service {
  const made = service(name);
  return { ...made, metadata: { ...made.metadata, creationTimestamp } };
}

test("addresses are those that are fixed for ever", () => {
  expect(virtualRange).toBe("127.128.0.0/9");
  expect([...virtualAddresses([kvs, cart])]).toEqual([
    ["default/kvs", "127.241.51.226"],
    ["shop/cart", "127.155.191.52"],
  ]);
});

test("each service has its own address, in the range, whatever the order and whoever comes later", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/), { maxLength: 40 });
  fc.assert(
    fc.property(names, fc.nat(), (all, seed) => {
      const services = all.map((name, index) => created(name, `2026-01-01T00:00:${10 + index}Z`));
      const addresses = virtualAddresses(services);
      expect(new Set(addresses.values()).size).toBe(all.length);
      for (const address of addresses.values()) {
        const [first, second, third] = address.split(".").map(Number);
        expect([first, second! >= 128, second! < 255]).toEqual([127, true, true]);
        expect(second! > 128 || third! > 0).toBe(true);
      }
      const cut = seed % (all.length + 1);
      const before = virtualAddresses(services.slice(0, cut).reverse());
      for (const [key, address] of before) expect(addresses.get(key)).toBe(address);
    }),
    { seed: 6 },
  );
});

test("of two services with one hash the older one keeps its address", () => {
  // Found by trying: both hash to the same place.
  const [a, b] = clash();
  const [older, younger] = [created(a, "2026-01-01T00:00:00Z"), created(b, "2026-01-02T00:00:00Z")];
  const alone = virtualAddresses([older]).get(`default/${a}`);
  const both = virtualAddresses([younger, older]);
  expect(both.get(`default/${a}`)).toBe(alone);
  expect(both.get(`default/${b}`)).not.toBe(alone);
  expect(virtualAddresses([younger]).get(`default/${b}`)).toBe(alone);
});

/** Two names with one address; among some ten thousand there are a few. */
function clash(): readonly [string, string] {
  const seen = new Map<string, string>();
  for (let index = 0; ; index++) {
    const name = `s${index}`;
    const address = virtualAddresses([{ metadata: { name } } as Service]).get(`default/${name}`)!;
    const other = seen.get(address);
    if (other !== undefined) return [other, name];
    seen.set(address, name);
  }
}

test("a captured process's proxy answers names and knows every service's address", () => {
  const requests = socketsOf(view, [kvs, cart, elsewhere], null);
  expect(requests.filter(({ name }) => name.includes("/names/"))).toEqual([
    { name: "app-0.default/names/tcp", host: "127.0.0.1", port: 0 },
    { name: "app-0.default/names/udp", host: "127.0.0.1", port: 0, protocol: "udp" },
  ]);
  const bound = new Map(requests.map(({ name }, index) => [name, tcp("127.0.0.1", 5000 + index)]));
  bound.delete("app-0.default/outbound/default/kvs:81"); // not bound yet
  const doc = compileProxy(view, {
    clusterDomain: "cluster.local",
    services: [kvs, cart, elsewhere],
    gateway: null,
    socketAddress: (name) => bound.get(name) ?? null,
  });
  expect(doc.capture).toEqual({
    datagrams: "app-0.default/names/udp",
    listener: { name: "app-0.default/names/tcp", address: bound.get("app-0.default/names/tcp") },
    services: [
      {
        service: "default/kvs",
        address: "127.241.51.226",
        ports: [{ name: "http", number: 80 }],
      },
      { service: "shop/cart", address: "127.155.191.52", ports: [{ name: null, number: 9000 }] },
    ],
  });
});

test("its connections are led to the very listener of the service and port they are for", () => {
  expect(redirectsOf(view, [kvs, cart, elsewhere])).toEqual([
    { address: "127.241.51.226", port: 80, socket: "app-0.default/outbound/default/kvs:80" },
    { address: "127.241.51.226", port: 81, socket: "app-0.default/outbound/default/kvs:81" },
    { address: "127.155.191.52", port: 9000, socket: "app-0.default/outbound/shop/cart:9000" },
  ]);
});

test("a process that is not captured has nothing of it", () => {
  const { isCaptured: _, ...plain } = view;
  const names = socketsOf(plain, [kvs], null).map(({ name }) => name);
  expect(names.filter((name) => name.includes("/names/"))).toEqual([]);
  const inputs = { clusterDomain: "cluster.local", services: [kvs], gateway: null };
  const socketAddress = () => tcp("127.0.0.1", 1);
  expect(compileProxy(plain, { ...inputs, socketAddress })).not.toHaveProperty("capture");
  // Nor has one whose socket for names is not bound yet.
  expect(compileProxy(view, { ...inputs, socketAddress: () => null })).not.toHaveProperty(
    "capture",
  );
});
