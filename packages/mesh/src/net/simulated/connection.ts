import type { Address } from "../../model/address.ts";
import type {
  Connection,
  ConnectionEvents,
  Peer,
  TransportFailure,
  WriteStatus,
} from "../transport.ts";
import { type FlowSink, type FlowSource, SimulatedFlow } from "./flow.ts";
import type { Opened, SimulatedProcess } from "./process.ts";
import type { SimulatedWorld } from "./world.ts";

/** One end of a simulated connection. */
export class SimulatedConnection implements Connection, FlowSource, FlowSink, Opened {
  readonly local: Address;
  readonly remote: Address;
  readonly process: SimulatedProcess;
  readonly name: string;
  receivedBytes = 0;
  sentBytes = 0;
  readonly #world: SimulatedWorld;
  #events: ConnectionEvents | null;
  #other: SimulatedConnection | null = null;
  #out: SimulatedFlow | null = null;
  #phase: "opening" | "open" | "closed" = "opening";
  #peer: Peer | null = null;
  #isPaused = false;
  #early: Buffer[] = [];
  #earlyBytes = 0;
  #owesDrain = false;
  #wantsEnd = false;
  #receivedEnd = false;
  #isClosing = false;
  /** A reset that arrived while nobody read: libuv does not look at a socket that nobody reads or writes. */
  #unseenReset: TransportFailure | null = null;

  constructor(
    world: SimulatedWorld,
    process: SimulatedProcess,
    name: string,
    ends: { readonly local: Address; readonly remote: Address },
    events: ConnectionEvents | null,
  ) {
    this.#world = world;
    this.process = process;
    this.name = name;
    this.local = ends.local;
    this.remote = ends.remote;
    this.#events = events;
    process.opened.add(this);
  }

  get peer(): Peer | null {
    return this.#peer;
  }

  get queuedBytes(): number {
    return this.#earlyBytes + (this.#out?.queuedBytes ?? 0);
  }

  /** Does this end take bytes now? */
  get isReading(): boolean {
    return this.#phase === "open" && !this.#isPaused;
  }

  get isClosed(): boolean {
    return this.#phase === "closed";
  }

  write(bytes: Buffer, start: number, end: number): WriteStatus {
    return this.#send(Buffer.from(bytes.subarray(start, Math.max(start, end))));
  }

  writeOwned(bytes: Buffer): WriteStatus {
    return this.#send(bytes);
  }

  end(): void {
    if (this.#phase === "closed" || this.#wantsEnd) return;
    this.#wantsEnd = true;
    if (this.#phase === "open") this.#out!.end();
    this.onSent();
  }

  reset(): void {
    if (this.#phase === "closed") return;
    this.#breakOther();
    this.close(null);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#phase !== "open") return;
    if (this.#unseenReset !== null) this.close(this.#unseenReset);
    else this.#other?.flow?.schedule();
  }

  get flow(): SimulatedFlow | null {
    return this.#out;
  }

  /** Both ends know each other from the moment the dial arrived. */
  join(other: SimulatedConnection): void {
    this.#other = other;
    this.#out = new SimulatedFlow(this.#world, this, other);
  }

  /** The dialler's end opens. */
  onReady(peer: Peer | null): void {
    if (this.#phase !== "opening") return;
    this.#peer = peer;
    this.#phase = "open";
    this.#world.trace(this.process, `${this.name} open`);
    this.#events!.onOpen();
    this.#begin();
  }

  /** The acceptor's end opens. */
  onAccepted(peer: Peer | null, accept: (connection: Connection) => ConnectionEvents | null): void {
    if (this.#phase !== "opening") return;
    this.#peer = peer;
    this.#phase = "open";
    this.#world.trace(this.process, `${this.name} accepted`);
    this.#events = accept(this);
    if (this.#events === null) this.reset();
    else this.#begin();
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    this.#world.trace(this.process, `${this.name} bytes ${end - start}`);
    this.receivedBytes += end - start;
    this.#events!.onBytes(bytes, start, end);
  }

  onEnd(): void {
    this.#receivedEnd = true;
    this.#world.trace(this.process, `${this.name} end`);
    this.#events!.onEnd();
    this.onSent();
  }

  /** The kernel took something of ours: perhaps all, perhaps our end. */
  onSent(): void {
    if (this.#phase !== "open" || this.#out!.queuedBytes > 0) return;
    if (this.#owesDrain) {
      this.#owesDrain = false;
      this.#world.soon(this.process, () => this.#drained());
    }
    if (this.#wantsEnd && this.#receivedEnd && !this.#isClosing) {
      this.#isClosing = true;
      this.#world.soon(this.process, () => this.close(null));
    }
  }

  /** The other end tore the connection down, or the link did. */
  onReset(failure: TransportFailure): void {
    if (this.#phase === "closed") return;
    if (this.#phase === "open" && this.#isPaused && this.#world.rng.below(2) === 0) {
      this.#unseenReset = failure;
      return;
    }
    this.close(failure);
  }

  /** Both ends see a reset: what happens on the way happens to both. */
  breakLink(): void {
    const failure: TransportFailure = { kind: "reset", detail: "the link broke" };
    this.#breakOther();
    this.onReset(failure);
  }

  close(failure: TransportFailure | null): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#early = [];
    this.#earlyBytes = 0;
    if (failure !== null || !this.#wantsEnd || !this.#receivedEnd) this.#out?.drop();
    this.process.opened.delete(this);
    this.#world.soon(this.process, () => {
      this.#world.trace(this.process, `${this.name} close ${failure?.kind ?? "in good order"}`);
      this.#events?.onClose(failure);
      this.#events = null;
    });
  }

  /** The process is gone: the kernel resets what it had, and nobody is told here. */
  abandon(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#events = null;
    this.#out?.drop();
    this.#breakOther();
  }

  #begin(): void {
    if (this.#phase !== "open") return;
    const early = this.#early;
    this.#early = [];
    this.#earlyBytes = 0;
    for (const bytes of early) this.#out!.push(bytes);
    if (early.length > 0) this.#owesDrain = true;
    if (this.#wantsEnd) this.#out!.end();
    this.onSent();
    this.#other?.flow?.schedule();
  }

  #drained(): void {
    if (this.#phase !== "open") return;
    if (this.#out!.queuedBytes > 0) {
      this.#owesDrain = true;
      return;
    }
    this.#world.trace(this.process, `${this.name} drain`);
    this.#events!.onDrain();
  }

  #send(bytes: Buffer): WriteStatus {
    if (this.#phase === "closed" || this.#wantsEnd || bytes.length === 0) {
      return this.#owesDrain ? "queued" : "done";
    }
    if (this.#unseenReset !== null) {
      this.close(this.#unseenReset);
      return "done";
    }
    this.sentBytes += bytes.length;
    if (this.#phase === "opening") {
      this.#early.push(bytes);
      this.#earlyBytes += bytes.length;
      this.#owesDrain = true;
      return "queued";
    }
    this.#out!.push(bytes);
    if (this.#out!.queuedBytes > 0) this.#owesDrain = true;
    return this.#owesDrain ? "queued" : "done";
  }

  #breakOther(): void {
    const other = this.#other;
    if (other === null || other.isClosed) return;
    this.#out?.drop();
    this.#world.travel(this.process, other.process, () =>
      other.onReset({ kind: "reset", detail: "reset by the peer" }),
    );
  }
}
