import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { SeededRng } from "../../src/base/rng.ts";
import { VirtualClock } from "../../src/base/virtual-clock.ts";
import { tcp } from "../../src/model/address.ts";
import { calm, rough } from "../../src/net/simulated/faults.ts";
import { SimulatedNetwork } from "../../src/net/simulated/network.ts";
import type { Connection } from "../../src/net/transport.ts";
import { Probe } from "./probe.ts";
import { simulatedBackend } from "./simulated-backend.ts";
import { suite } from "./transport-suite.ts";

suite("simulated, calm", () => simulatedBackend({ faults: calm, seed: 1 }));
suite("simulated, rough", () => simulatedBackend({ faults: rough, seed: 2 }));

interface Run {
  readonly log: string[];
  readonly network: SimulatedNetwork;
}

/** Echoes between three processes while faults strike; returns what happened. */
function run(seed: number): Run {
  const clock = new VirtualClock();
  const rng = new SeededRng(seed);
  const log: string[] = [];
  const network = new SimulatedNetwork({
    clock,
    rng: rng.fork("network"),
    trace: (line) => log.push(line),
  });
  network.setFaults({ ...rough, refuse: 0.05, reset: 0.01 });
  const at = network.bind(tcp("127.0.0.1", 8000));
  const serve = () => {
    void network.process("server").transport.listen({ at, tls: null }, (connection: Connection) => {
      const probe = new Probe();
      probe.connection = connection;
      probe.onData = (bytes, start, end) => connection.write(bytes, start, end);
      return probe;
    });
  };
  serve();
  const choices = rng.fork("choices");
  for (let step = 0; step < 300; step++) {
    const name = `client-${choices.below(2)}`;
    const probe = new Probe();
    const { transport } = network.process(name);
    const connection = transport.dial({ address: at.address, tls: null }, probe);
    const block = Buffer.alloc(1 + choices.below(20_000), step & 0x7f);
    connection.write(block, 0, block.length);
    clock.advance(choices.below(30));
    for (const chunk of probe.chunks) {
      for (const byte of chunk) if (byte !== (step & 0x7f)) throw new Error("a wrong byte");
    }
    switch (choices.below(40)) {
      case 0:
        network.kill("server");
        clock.advance(choices.below(10));
        serve();
        break;
      case 1:
        network.freeze("server");
        clock.advance(choices.below(50));
        network.thaw("server");
        break;
      case 2:
        network.kill(name);
        break;
      case 3:
        network.setFaults({ isCut: true }, { from: name, to: "server" });
        clock.advance(20);
        network.clearLinks();
        break;
      default:
        if (choices.below(2) === 0) connection.end();
        else connection.reset();
    }
  }
  clock.advance(1000);
  return { log, network };
}

test("one seed gives one log, another seed another; every fault strikes", () => {
  const digest = (lines: string[]) => createHash("sha1").update(lines.join("\n")).digest("hex");
  const first = run(42);
  expect(digest(run(42).log)).toBe(digest(first.log));
  expect(digest(run(43).log)).not.toBe(digest(first.log));
  expect(first.log.length).toBeGreaterThan(1000);
  for (const [fault, count] of Object.entries(first.network.counts)) {
    expect(count, fault).toBeGreaterThan(0);
  }
});

test("a buffer kept beyond its callback turns to poison", () => {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork({ clock, rng: new SeededRng(1) });
  const at = network.bind(tcp("127.0.0.1", 80));
  let kept: Buffer | null = null;
  void network.process("b").transport.listen({ at, tls: null }, () => {
    const probe = new Probe();
    probe.onData = (bytes, start, end) => {
      expect(bytes.toString("latin1", start, end)).toBe("hello");
      kept = bytes.subarray(start, end);
    };
    return probe;
  });
  const probe = new Probe();
  probe.connection = network.process("a").transport.dial({ address: at.address, tls: null }, probe);
  probe.send("hello");
  clock.advance(100);
  expect(kept!.every((byte) => byte === 0xdb)).toBe(true);
});

test("a held socket's dials wait while its process is replaced", () => {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork({ clock, rng: new SeededRng(1) });
  const at = network.bind(tcp("127.0.0.1", 80));
  const accepted: string[] = [];
  const serve = (name: string) =>
    network.process(name).transport.listen({ at, tls: null }, () => {
      accepted.push(name);
      return new Probe();
    });
  const dial = () => {
    const probe = new Probe();
    network.process("caller").transport.dial({ address: at.address, tls: null }, probe);
    return probe;
  };
  const early = dial();
  clock.advance(100);
  expect(early.failure?.kind).toBe("refused"); // nobody has ever listened
  void serve("first");
  const first = dial();
  clock.advance(100);
  network.kill("first");
  const between = dial();
  clock.advance(100);
  expect(first.failure?.kind).toBe("reset");
  expect(between.log).toEqual([]);
  void serve("second");
  clock.advance(100);
  expect(between.log).toEqual(["open"]);
  expect(accepted).toEqual(["first", "second"]);
});
