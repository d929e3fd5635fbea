import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { type Backing, checkAddressing } from "@heddle/mesh/history/addressing.ts";
import { historiesOf, localView } from "@heddle/mesh/history/histories.ts";
import { globalView } from "@heddle/mesh/history/merge.ts";
import { formatEvents } from "@heddle/mesh/history/notation.ts";
import { formatAddress } from "@heddle/mesh/model/address.ts";
import { EndpointRecorder } from "@heddle/mesh/net/recorder.ts";
import { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import type { Transport } from "@heddle/mesh/net/transport.ts";
import { expect, test } from "vitest";
import { KvsProcess, kvsService, openCaller, recorder } from "../net/recorder-rig.ts";
import { HistoryMesh } from "./history-mesh.ts";

/** Two processes and nothing between them; both record themselves. */
function directWorld() {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork({ clock, rng: new SeededRng(1) });
  const run = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    void promise.finally(() => {
      isSettled = true;
    });
    for (let idle = 0; idle < 100; idle++) {
      await Promise.resolve();
      if (isSettled) return promise;
      if (clock.step()) idle = 0;
    }
    throw new Error("the simulation came to rest before what was waited for");
  };
  return { clock, network, run };
}

const putAndGet = '[Send•Req=(kvs, Put(1,"a")), Recv•Res=ok, Send•Req=(kvs, Get(1)), Recv•Res="a"]';

test("without any proxy: histories, global view and addressing of endpoints that record themselves", async () => {
  const { clock, network, run } = directWorld();
  const e2 = recorder("default/kvs-0", clock);
  const kvs = new KvsProcess(clock);
  const address = await kvs.listen(e2.wrap(network.process("kvs-0").transport));
  const { caller } = openCaller(network.process("e").transport, { clock, address, name: "e" });
  await run(caller.call("PUT", "/1", "a"));
  await run(caller.call("GET", "/1"));
  const observed = [...caller.history.events, ...e2.history.events];
  const recorded = historiesOf([], { observed });
  expect(formatEvents(localView(recorded, "e").events)).toBe(putAndGet);
  const { events, problems } = globalView(recorded);
  expect(problems).toEqual([]);
  expect(events.map(({ kind, endpoint }) => `${kind} ${endpoint}`)).toEqual([
    ...["send e", "recv default/kvs-0", "send default/kvs-0", "recv e"],
    ...["send e", "recv default/kvs-0", "send default/kvs-0", "recv e"],
  ]);
  expect(checkAddressing(recorded)).toMatchObject({
    verdict: "holds",
    delivered: 4,
    observed: 4,
    inferred: 0,
  });
});

test("an address that another process has taken: the caller knew it alone, so the service says it", async () => {
  const { clock, network, run } = directWorld();
  const other = new EndpointRecorder({
    endpoint: "default/other-0",
    clock,
    epoch: "1",
    serviceAt: () => ({ ...kvsService, name: "default/other:80" }),
  });
  const process = new KvsProcess(clock);
  const address = await process.listen(other.wrap(network.process("other-0").transport));
  const { caller } = openCaller(network.process("e").transport, { clock, address, name: "e" });
  await run(caller.call("GET", "/1"));
  const recorded = historiesOf([], {
    observed: [...caller.history.events, ...other.history.events],
  });
  const backing: Backing = (_, workload) => workload === "default/kvs-0";
  for (const options of [{}, { backing }]) {
    expect(checkAddressing(recorded, options).violations).toMatchObject([
      {
        rule: "service",
        sender: "e",
        receiver: "default/other-0",
        service: "default/kvs:80",
        targetAddress: formatAddress(address),
        address: formatAddress(address),
      },
    ]);
  }
});

test("direct or indirect, the caller's history is the same up to addresses and names of messages", async () => {
  const mesh = new HistoryMesh({ hasTls: true });
  const { endpoint } = await mesh.serve("kvs-0", "kvs", 8201);
  const indirect = await mesh.call("e", [endpoint]);
  await mesh.run(indirect.caller.call("PUT", "/1", "a"));
  await mesh.run(indirect.caller.call("GET", "/1"));
  expect(formatEvents(indirect.recorder.history.events)).toBe(putAndGet);

  const { clock, network, run } = directWorld();
  const transport: Transport = network.process("kvs-0").transport;
  const address = await new KvsProcess(clock).listen(transport);
  const direct = openCaller(network.process("e").transport, { clock, address, name: "e" });
  await run(direct.caller.call("PUT", "/1", "a"));
  await run(direct.caller.call("GET", "/1"));
  expect(formatEvents(direct.caller.history.events)).toBe(putAndGet);
});
