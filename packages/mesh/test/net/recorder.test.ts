import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { HistoryEvent } from "@heddle/mesh/history/event.ts";
import { formatEvents } from "@heddle/mesh/history/notation.ts";
import { formatAddress, tcp } from "@heddle/mesh/model/address.ts";
import { Caller } from "@heddle/mesh/net/http1/caller.ts";
import { openTransport } from "@heddle/mesh/net/open-transport.ts";
import type { EndpointRecorder } from "@heddle/mesh/net/recorder.ts";
import { type LinkFaults, rough } from "@heddle/mesh/net/simulated/faults.ts";
import { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import { expect, test } from "vitest";
import { KvsProcess, kvsService, openCaller, recorder } from "./recorder-rig.ts";

/** `Send•Req` and `Recv•Res`, as on the slides. */
const say = ({ kind, message }: HistoryEvent) =>
  `${kind === "send" ? "Send" : "Recv"}•${message.type === "request" ? "Req" : "Res"}`;
const listOf = (of: EndpointRecorder) => of.history.events.map(say);

/** Lists of both ends whenever one of them has grown. */
function steps(ends: readonly EndpointRecorder[]) {
  const seen: string[] = [];
  const look = () => {
    const now = ends.map((end) => `[${listOf(end).join(", ")}]`).join(" ");
    if (seen.at(-1) !== now) seen.push(now);
  };
  return { seen, look };
}

const fourLists = [
  "[] []",
  "[Send•Req] []",
  "[Send•Req] [Recv•Req]",
  "[Send•Req] [Recv•Req, Send•Res]",
  "[Send•Req, Recv•Res] [Recv•Req, Send•Res]",
];

test("one request and its reply are the slides' four lists, step by step, in virtual time", async () => {
  const { network, clock, run } = simulation({}, 1);
  const e2 = recorder("default/kvs-0", clock);
  const kvs = new KvsProcess(clock);
  const address = await kvs.listen(e2.wrap(network.process("kvs-0").transport));
  const { caller, recorder: e1 } = openCaller(network.process("e1").transport, {
    clock,
    address,
    name: "e1",
  });
  const { seen, look } = steps([e1, e2]);
  look();
  kvs.onAsked = look;
  await run(caller.call("GET", "/1"), look);
  expect(seen).toEqual(fourLists);
});

test("and over real sockets", async () => {
  const clock = new SystemClock();
  const { transport } = await openTransport({ clock });
  const e2 = recorder("default/kvs-0", clock);
  const kvs = new KvsProcess(clock);
  const address = await kvs.listen(e2.wrap(transport));
  const { caller, recorder: e1 } = openCaller(transport, { clock, address, name: "e1" });
  const { seen, look } = steps([e1, e2]);
  look();
  kvs.onAsked = look;
  await caller.call("GET", "/1");
  look();
  // What lies between two looks is not seen: the others are.
  expect(seen).toEqual([fourLists[0], fourLists[2], fourLists[4]]);
  caller.close();
  await kvs.listening!.close();
});

test("a listener of both families and who dials it by IPv4 say the same of message and address", async () => {
  const clock = new SystemClock();
  const { transport } = await openTransport({ clock });
  const e2 = recorder("default/kvs-0", clock);
  const kvs = new KvsProcess(clock);
  const { port } = (await kvs.listen(e2.wrap(transport), "::")) as { port: number };
  const address = tcp("127.0.0.1", port);
  const { caller, recorder: e1 } = openCaller(transport, { clock, address, name: "e1" });
  await caller.call("GET", "/1");
  const [sent] = e1.history.events;
  const [received] = e2.history.events;
  expect(received!.message.id).toBe(sent!.message.id);
  expect(received!.address).toBe(sent!.message.target);
  caller.close();
  await kvs.listening!.close();
});

test("the contract's list: what was put is what is got, with the operations as arguments", async () => {
  const { network, clock, run } = simulation({}, 2);
  const kvs = new KvsProcess(clock);
  const address = await kvs.listen(network.process("kvs-0").transport);
  const { caller } = openCaller(network.process("e1").transport, { clock, address, name: "e1" });
  await run(caller.call("PUT", "/1", "a"));
  await run(caller.call("GET", "/1"));
  const { events, isWhole } = caller.history;
  expect(isWhole).toBe(true);
  expect(events.map(({ message }) => message.content)).toMatchObject([
    { method: "PUT", operation: { name: "put", arguments: [{ text: "1" }, { text: "a" }] } },
    { status: 201, value: null, isOk: true },
    { method: "GET", operation: { name: "get", arguments: [{ text: "1" }] } },
    { status: 200, value: { text: "a" }, isOk: true },
  ]);
});

test("the endpoint is its own observer, and both ends call a message by one name", async () => {
  const { network, clock, run } = simulation({}, 3);
  const e2 = recorder("default/kvs-0", clock);
  const kvs = new KvsProcess(clock);
  const address = await kvs.listen(e2.wrap(network.process("kvs-0").transport));
  const { caller, at } = openCaller(network.process("e1").transport, {
    clock,
    address,
    name: "e1",
  });
  for (let count = 0; count < 3; count++) await run(caller.call("PUT", `/${count}`, "v"));
  const sent = caller.history.events;
  const got = e2.history.events;
  const name = `${sent[0]!.address}>${at}`;
  const ids = [1, 2, 3].flatMap((ordinal) => [`${name}.${ordinal}.q`, `${name}.${ordinal}.s`]);
  expect(sent.map(({ message }) => message.id)).toEqual(ids);
  expect(got.map(({ message }) => message.id)).toEqual(ids);
  expect(sent.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  for (const event of [...sent, ...got]) {
    expect(event.isInferred).toBe(false);
    expect(event.observer).toBe(event.endpoint);
  }
  // The addressing rule: what was sent to an address is received at it.
  for (const [index, event] of sent.entries()) {
    const [from, to] = event.kind === "send" ? [event, got[index]!] : [got[index]!, event];
    expect(from.message.target).toBe(to.address);
  }
});

test("a reply that does not come leaves a request that was sent, and says why", async () => {
  const { network, clock, run } = simulation({}, 4);
  const kvs = new KvsProcess(clock);
  kvs.silent.add("/7");
  const address = await kvs.listen(network.process("kvs-0").transport);
  const { caller, recorder: e1 } = openCaller(network.process("e1").transport, {
    clock,
    address,
    name: "e1",
  });
  const reply = await run(caller.call("PUT", "/7", "a"));
  expect(reply).toMatchObject({ status: 0, failure: { sent: true } });
  await run(caller.call("GET", "/1"));
  expect(listOf(e1)).toEqual(["Send•Req", "Send•Req", "Recv•Res"]);
  expect(e1.exchanges[0]!.failure).not.toBe(null);
  expect(e1.exchanges[0]!.endMs).toBe(10_000);
});

test("where nobody listens nothing was sent", async () => {
  const { network, clock, run } = simulation({}, 5);
  const address = { kind: "tcp", host: "127.0.0.1", port: 1 } as const;
  const { caller } = openCaller(network.process("e1").transport, { clock, address, name: "e1" });
  const reply = await run(caller.call("PUT", "/7", "a"));
  expect(reply).toMatchObject({ status: 0, failure: { sent: false }, exchange: null });
  expect(caller.history).toMatchObject({ events: [], isWhole: true });
});

test("keeps what it may and marks what it dropped", async () => {
  const { network, clock, run } = simulation({}, 6);
  const kvs = new KvsProcess(clock);
  const address = await kvs.listen(network.process("kvs-0").transport);
  const small = openCaller(network.process("e1").transport, { clock, address, name: "e1" });
  const bounded = recorder("e2", clock, 8192);
  const twice = openCaller(bounded.wrap(network.process("e2").transport), {
    clock,
    address,
    name: "e3",
  });
  for (let count = 0; count < 100; count++) await run(twice.caller.call("PUT", "/1", "a"));
  const dropped = 100 - bounded.exchanges.length;
  expect(bounded.exchanges.length).toBeLessThanOrEqual(16);
  expect(bounded.gaps).toMatchObject([{ reason: "overflow", missing: dropped }]);
  expect(bounded.history.isWhole).toBe(false);
  expect(bounded.exchanges.at(-1)!.ordinal).toBe(100);
  expect(twice.recorder.exchanges.length).toBe(100);
  expect(twice.recorder.take().length).toBe(100);
  expect(twice.recorder.history.events).toEqual([]);
  small.caller.close();
});

test("a script needs a URL and a name to be an endpoint with a history", async () => {
  const { network, clock, run } = simulation({}, 8);
  const kvs = new KvsProcess(clock);
  const address = await kvs.listen(network.process("kvs-0").transport);
  const url = `http://${formatAddress(address)}`;
  const { transport } = network.process("script");
  const caller = Caller.open({ transport, clock, url, name: "script", service: kvsService });
  expect(await run(caller.call("PUT", "/1", "a"))).toMatchObject({ status: 201, failure: null });
  expect(await run(caller.call("GET", "/1"))).toMatchObject({ status: 200, body: "a" });
  expect(formatEvents(caller.history.events)).toBe(
    '[Send•Req=(kvs, Put(1,"a")), Recv•Res=ok, Send•Req=(kvs, Get(1)), Recv•Res="a"]',
  );
});

test("in a rough network both ends agree on every message that both saw", async () => {
  const { network, clock, run } = simulation({ ...rough, reset: 0.02 }, 7);
  const e2 = recorder("default/kvs-0", clock);
  const kvs = new KvsProcess(clock);
  const address = await kvs.listen(e2.wrap(network.process("kvs-0").transport));
  const { caller } = openCaller(network.process("e1").transport, { clock, address, name: "e1" });
  const body = "x".repeat(3000);
  let whole = 0;
  for (let count = 0; count < 200; count++) {
    const reply = await run(caller.call(count % 2 === 0 ? "PUT" : "GET", "/1", body));
    if (reply.failure === null) whole++;
  }
  expect(whole).toBeGreaterThan(100);
  expect(whole).toBeLessThan(200);
  const sent = new Map(
    caller.history.events
      .filter(({ kind }) => kind === "send")
      .map(({ message }) => [message.id, message.content]),
  );
  const received = e2.history.events.filter(({ kind }) => kind === "recv");
  expect(received.length).toBeGreaterThanOrEqual(whole);
  for (const { message } of received) {
    expect(sent.get(message.id)).toMatchObject({
      method: (message.content as { method: string }).method,
    });
  }
});

function simulation(faults: Partial<LinkFaults>, seed: number) {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork({ clock, rng: new SeededRng(seed) });
  network.setFaults(faults);
  /** Lets time pass until the promise is settled. */
  const run = async <T>(promise: Promise<T>, look: () => void = () => {}): Promise<T> => {
    let isSettled = false;
    void promise.finally(() => {
      isSettled = true;
    });
    for (let idle = 0; idle < 100; ) {
      await Promise.resolve();
      look();
      if (isSettled) return promise;
      if (clock.step()) idle = 0;
      else idle++;
    }
    throw new Error("the simulation came to rest before what was waited for");
  };
  return { network, clock, run };
}
