import { expect, test } from "vitest";
import { DeadlineWheel } from "../base/deadline-wheel.ts";
import { SeededRng } from "../base/rng.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { defaultUpstreamLimits } from "../upstream/context.ts";
import { Upstream } from "../upstream/upstream.ts";
import { Egress } from "./egress.ts";

function setUp(addressesOf: (host: string) => readonly string[]) {
  const clock = new VirtualClock();
  const never = () => {
    throw new Error("nothing is dialled here");
  };
  const upstream = new Upstream({
    clock,
    wheel: new DeadlineWheel(clock),
    rng: new SeededRng(1),
    transport: { dial: never, listen: never },
    trust: null,
    codec: never,
    limits: defaultUpstreamLimits,
  });
  const egress = new Egress(upstream, { resolve: async (host) => addressesOf(host) });
  /** Asks for `host`; its addresses are looked up where they are not known. */
  const use = async (host: string) => {
    const slot = egress.slot(host, 80);
    if (slot.frontend.pending === null) return slot.frontend;
    await new Promise<void>((resolve, reject) => {
      slot.frontend.pending!.wait({ onEndpoint: resolve, onNoEndpoint: reject });
    });
    return slot.frontend;
  };
  return { clock, upstream, use };
}

test("a name whose addresses change keeps those of now alone", async () => {
  let last = 0;
  const { clock, upstream, use } = setUp(() => [`10.0.0.${++last}`, "10.0.1.1"]);
  for (let round = 0; round < 20; round++) {
    await use("rotates.test");
    clock.advance(30_001);
  }
  expect(last).toBe(20);
  const addresses = Array.from(upstream.endpoints(), ({ endpoint }) => endpoint.addressText);
  expect(addresses.sort()).toEqual(["10.0.0.20:80", "10.0.1.1:80"]);
});

test("of many names those used last are remembered", async () => {
  const { upstream, use } = setUp((host) => [`10.0.0.${host}`]);
  for (let host = 0; host < 600; host++) await use(String(host));
  expect([...upstream.endpoints()]).toHaveLength(256);
});

test("a name without addresses fails, and is looked up again next time", async () => {
  let addresses: readonly string[] = [];
  const { clock, use } = setUp(() => addresses);
  expect((await use("gone.test")).fails).toMatchObject({ reason: "no-endpoint" });
  addresses = ["10.0.0.1"];
  clock.advance(1);
  expect((await use("gone.test")).fails).toBeNull();
});
