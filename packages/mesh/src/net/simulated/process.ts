import type { Transport } from "../transport.ts";

/** What a process has open, and the kernel takes back when it dies. */
export interface Opened {
  /** Its process is gone: nobody there is told. */
  abandon(): void;
}

/** One process of the simulation, as the network sees it: what it has open, and whether it runs. */
export class SimulatedProcess {
  readonly name: string;
  readonly transport: Transport;
  /** Connections and listeners. */
  readonly opened = new Set<Opened>();
  /** Where its bytes arrive; poisoned after each delivery. */
  readonly readBuffer = Buffer.alloc(65_536 + 64, 0xdb);
  #state: "running" | "frozen" | "dead" = "running";
  #held: (() => void)[] = [];

  constructor(name: string, makeTransport: (process: SimulatedProcess) => Transport) {
    this.name = name;
    this.transport = makeTransport(this);
  }

  get isDead(): boolean {
    return this.#state === "dead";
  }

  /** Runs `action` now; never if it is dead, after the thaw if it is frozen. */
  enter(action: () => void): void {
    if (this.#state === "dead") return;
    if (this.#state === "frozen" || this.#held.length > 0) this.#held.push(action);
    else action();
  }

  /** The network's own: see SimulatedNetwork.kill. */
  die(): void {
    this.#state = "dead";
    this.#held = [];
    for (const opened of this.opened) opened.abandon();
    this.opened.clear();
  }

  freeze(): void {
    if (this.#state === "running") this.#state = "frozen";
  }

  /** What happened meanwhile happens now, in order. */
  thaw(): void {
    if (this.#state !== "frozen") return;
    this.#state = "running";
    while (this.#held.length > 0 && this.#state === "running") {
      const [action] = this.#held;
      action!();
      this.#held.shift();
    }
  }
}
