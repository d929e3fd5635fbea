import { SeededRng } from "../../src/base/rng.ts";
import { VirtualClock } from "../../src/base/virtual-clock.ts";
import { tcp } from "../../src/model/address.ts";
import type { LinkFaults } from "../../src/net/simulated/faults.ts";
import { SimulatedNetwork } from "../../src/net/simulated/network.ts";
import type { Transport } from "../../src/net/transport.ts";
import type { Backend } from "./transport-suite.ts";

export interface SimulatedBackendOptions {
  readonly faults: LinkFaults;
  readonly seed: number;
  /** What stands on each process's transport. Default nothing. */
  readonly wrap?: (transport: Transport, clock: VirtualClock) => Transport;
}

/** Two processes of a simulated network, in virtual time. */
export function simulatedBackend(options: SimulatedBackendOptions): Backend {
  const { faults, seed, wrap = (transport) => transport } = options;
  const clock = new VirtualClock();
  const network = new SimulatedNetwork({ clock, rng: new SeededRng(seed) });
  network.setFaults(faults);
  return {
    dialler: wrap(network.process("caller/proxy").transport, clock),
    acceptor: wrap(network.process("kvs-0/proxy").transport, clock),
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
        else idle++; // promises may still be on their way to set the next timer
      }
      throw new Error("the simulation came to rest before what was waited for");
    },
    tellsCutOff: true,
    bulkBytes: 2 * 1024 * 1024,
  };
}
