import { SeededRng } from "../../src/base/rng.ts";
import { VirtualClock } from "../../src/base/virtual-clock.ts";
import { tcp } from "../../src/model/address.ts";
import { CarrierTransport } from "../../src/net/carrier/transport.ts";
import { loadRawBinding } from "../../src/net/raw/binding.ts";
import { RawTransport } from "../../src/net/raw/transport.ts";
import { calm, type LinkFaults, rough } from "../../src/net/simulated/faults.ts";
import { SimulatedNetwork } from "../../src/net/simulated/network.ts";
import { SystemClock } from "../../src/net/system-clock.ts";
import { realBackend } from "./real-backend.ts";
import { type Backend, suite } from "./transport-suite.ts";

// A stream of a carrier keeps every promise of a connection.
function simulated(faults: LinkFaults, seed: number): Backend {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork({ clock, rng: new SeededRng(seed) });
  network.setFaults(faults);
  const carried = (name: string) => new CarrierTransport(network.process(name).transport, clock);
  return {
    dialler: carried("caller/proxy"),
    acceptor: carried("kvs-0/proxy"),
    at: tcp("127.0.0.1", 0),
    nowhere: tcp("127.0.0.1", 1),
    later: (callback) => {
      clock.after(20, callback);
    },
    run: async (promise) => {
      let isSettled = false;
      promise.then(
        () => (isSettled = true),
        () => (isSettled = true),
      );
      for (let idle = 0; idle < 100; ) {
        await Promise.resolve();
        if (isSettled) return promise;
        if (clock.step()) idle = 0;
        else idle++;
      }
      throw new Error("the simulation came to rest before what was waited for");
    },
    tellsCutOff: true,
    shakesHands: false,
    bulkBytes: 2 * 1024 * 1024,
  };
}

suite("carried, simulated, calm", () => simulated(calm, 1));
suite("carried, simulated, rough", () => simulated(rough, 2));
const clock = new SystemClock();
suite("carried on raw handles", () =>
  realBackend(() => new CarrierTransport(new RawTransport(loadRawBinding()!, { clock }), clock), {
    bulkBytes: 30 * 1024 * 1024,
    tellsCutOff: true,
    shakesHands: false,
  }));
