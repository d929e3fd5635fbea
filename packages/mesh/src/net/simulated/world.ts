import type { Rng } from "../../base/rng.ts";
import type { Fault, LinkFaults } from "./faults.ts";
import type { SimulatedProcess } from "./process.ts";

/** What connections and handshakes need of their network. */
export interface SimulatedWorld {
  readonly rng: Rng;
  faultsOf(from: SimulatedProcess, to: SimulatedProcess): LinkFaults;
  strike(fault: Fault): void;
  /** Runs `action` after the link's delay, inside `process`: not if it is dead, later if it is frozen. */
  travel(from: SimulatedProcess, process: SimulatedProcess, action: () => void): void;
  /** Runs `action` inside `process` at the present instant, but not within this call. */
  soon(process: SimulatedProcess, action: () => void): void;
  trace(process: SimulatedProcess, what: string): void;
}
