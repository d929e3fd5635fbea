import type { VirtualClock } from "../../src/base/virtual-clock.ts";
import { CarrierTransport } from "../../src/net/carrier/transport.ts";
import { loadRawBinding } from "../../src/net/raw/binding.ts";
import { RawTransport } from "../../src/net/raw/transport.ts";
import { calm, type LinkFaults, rough } from "../../src/net/simulated/faults.ts";
import { SystemClock } from "../../src/net/system-clock.ts";
import type { Transport } from "../../src/net/transport.ts";
import { realBackend } from "./real-backend.ts";
import { simulatedBackend } from "./simulated-backend.ts";
import { type Backend, suite } from "./transport-suite.ts";

// A stream of a carrier keeps every promise of a connection.
function simulated(faults: LinkFaults, seed: number): Backend {
  const wrap = (transport: Transport, clock: VirtualClock) =>
    new CarrierTransport(transport, clock);
  return { ...simulatedBackend({ faults, seed, wrap }), shakesHands: false };
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
