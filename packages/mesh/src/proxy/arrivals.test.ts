import { expect, test } from "vitest";
import { DeadlineWheel } from "../base/deadline-wheel.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { Arrivals } from "./arrivals.ts";

function setUp() {
  const clock = new VirtualClock();
  const arrivals = new Arrivals(new DeadlineWheel(clock));
  const said: string[] = [];
  const wait = (service: string) => {
    const waiter = {
      onEndpoint: () => said.push("here"),
      onNoEndpoint: (reason: string, detail: string) => said.push(`${reason}: ${detail}`),
    };
    arrivals.wait(service, waiter);
    return waiter;
  };
  return { clock, arrivals, said, wait };
}

test("documents that come in time are all that is waited for", () => {
  const { clock, arrivals, said, wait } = setUp();
  wait("default/kvs");
  wait("default/other");
  clock.advance(2900);
  arrivals.arrived("default/kvs");
  expect(said).toEqual(["here"]);
  clock.advance(200);
  expect(said).toEqual(["here", "no-endpoint: nothing is known of default/other yet"]);
});

test("who gave up is told nothing", () => {
  const { clock, arrivals, said, wait } = setUp();
  arrivals.cancel(wait("default/kvs"));
  arrivals.arrived("default/kvs");
  clock.advance(10_000);
  expect(said).toEqual([]);
});

test("only a thousand may wait at a time", () => {
  const { arrivals, said, wait } = setUp();
  for (let n = 0; n < 1001; n++) wait("default/kvs");
  expect(said).toEqual(["no-endpoint: too many requests wait for documents"]);
  arrivals.arrived("default/kvs");
  wait("default/kvs");
  expect(said).toHaveLength(1001);
});
