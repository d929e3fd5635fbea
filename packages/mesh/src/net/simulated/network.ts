import type { Clock } from "../../base/clock.ts";
import type { Rng } from "../../base/rng.ts";
import { type Address, formatAddress, tcp } from "../../model/address.ts";
import type {
  Accept,
  BoundSocket,
  Connection,
  ConnectionEvents,
  DialOptions,
  Listening,
  ListenOptions,
  TlsCredentials,
  TransportFailure,
} from "../transport.ts";
import { SimulatedConnection } from "./connection.ts";
import type { FaultCounts, LinkFaults } from "./faults.ts";
import { handshake } from "./handshake.ts";
import { SimulatedLinks } from "./links.ts";
import { SimulatedProcess } from "./process.ts";
import {
  type SimulatedDial,
  SimulatedListener,
  type SimulatedSocket,
  SimulatedSockets,
} from "./sockets.ts";
import type { SimulatedWorld } from "./world.ts";

export interface SimulatedNetworkOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  /** Gets a line for every event of every process: one seed, one log. Default: nobody does. */
  readonly trace?: (line: string) => void;
}

/**
 * A network in memory under a virtual clock: the same seed gives the same run, byte for byte. It delays, splits, stalls,
 * refuses, resets and cuts at the rates given, poisons every buffer after its delivery, and counts how often each
 * fault struck. Peers have labels in place of certificates: a verifier gets one element, the SPIFFE ID in Latin-1.
 */
export class SimulatedNetwork {
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #trace: ((line: string) => void) | null;
  readonly #processes = new Map<string, SimulatedProcess>();
  readonly #sockets = new SimulatedSockets();
  readonly #links: SimulatedLinks;
  readonly #world: SimulatedWorld;
  readonly #sessions = new WeakMap<TlsCredentials, Map<string, TlsCredentials>>();
  #names = 0;
  #ports = 20_000;

  constructor(options: SimulatedNetworkOptions) {
    this.#clock = options.clock;
    this.#rng = options.rng;
    this.#trace = options.trace ?? null;
    this.#links = new SimulatedLinks(options.clock, options.rng);
    this.#world = {
      rng: options.rng,
      faultsOf: (from, to) => this.#links.faultsOf(from.name, to.name),
      strike: (fault) => this.#links.strike(fault),
      travel: (from, process, action) => this.#travel(from, process, action),
      soon: (process, action) => {
        this.#clock.after(0, () => process.enter(action));
      },
      trace: (process, what) => this.#log(process, what),
    };
  }

  /** How often each fault struck. */
  get counts(): FaultCounts {
    return this.#links.counts;
  }

  /** The process `name`: the living one, or a new one. */
  process(name: string): SimulatedProcess {
    let process = this.#processes.get(name);
    if (process === undefined || process.isDead) {
      process = new SimulatedProcess(name, (self) => ({
        dial: (options, events) => this.#dial(self, options, events),
        listen: (options, accept) => this.#listen(self, options, accept),
        soon: (action) => this.#world.soon(self, action),
      }));
      this.#processes.set(name, process);
    }
    return process;
  }

  /** Binds an address for others to listen at. Port 0 becomes a free one. @throws Error where it is taken. */
  bind(address: Address): BoundSocket & { readonly address: Address } {
    const socket = this.#bind(address, true);
    return { kind: "bound", handle: socket, address: socket.address };
  }

  /** Sets what goes wrong from now on, everywhere or on one directed link; what is not named stays. */
  setFaults(
    faults: Partial<LinkFaults>,
    link?: { readonly from: string; readonly to: string },
  ): void {
    this.#links.set(faults, link);
  }

  /** Links are as everywhere else again. */
  clearLinks(): void {
    this.#links.clear();
  }

  /** Ends a process at once: its connections are reset, its listeners vanish, it hears nothing more. */
  kill(name: string): void {
    const process = this.#processes.get(name);
    if (process === undefined || process.isDead) return;
    this.#links.strike("kill");
    this.#log(process, "killed");
    process.die();
  }

  /** Stops a process as SIGSTOP would: the kernel still answers for it. */
  freeze(name: string): void {
    this.#links.strike("freeze");
    this.process(name).freeze();
  }

  thaw(name: string): void {
    this.process(name).thaw();
  }

  #dial(process: SimulatedProcess, options: DialOptions, events: ConnectionEvents): Connection {
    const ends = { local: tcp("127.0.0.1", this.#nextPort()), remote: options.address };
    const name = `#${++this.#names}`;
    const connection = new SimulatedConnection(this.#world, process, name, ends, events);
    const dial: SimulatedDial = { process, options, connection };
    this.#log(process, `${name} dial ${formatAddress(options.address)}`);
    this.#arriveAt(dial);
    return connection;
  }

  /** The dial is on its way to whoever listens there when it arrives. */
  #arriveAt(dial: SimulatedDial): void {
    const from = dial.process.name;
    const to = this.#sockets.at(dial.options.address)?.listener?.process.name ?? "";
    this.#links.after(from, to, () => {
      if (dial.connection.isClosed || dial.process.isDead) return;
      const socket = this.#sockets.at(dial.options.address);
      if (socket === null || !socket.hasListened) {
        this.#refuse(dial);
      } else if (socket.listener === null) {
        socket.backlog.push(dial);
      } else if (this.#rng.float() < this.#links.faultsOf(from, to).refuse) {
        this.#links.strike("refuse");
        this.#refuse(dial);
      } else {
        this.#meet(dial, socket.listener);
      }
    });
  }

  #refuse(dial: SimulatedDial): void {
    const failure: TransportFailure = { kind: "refused", detail: "connect: nobody listens" };
    dial.process.enter(() => dial.connection.close(failure));
  }

  #meet(dial: SimulatedDial, listener: SimulatedListener): void {
    const { connection, options } = dial;
    const ends = { local: options.address, remote: connection.local };
    const name = `${connection.name}'`;
    const accepted = new SimulatedConnection(this.#world, listener.process, name, ends, null);
    connection.join(accepted);
    accepted.join(connection);
    if (options.tls !== null && listener.options.tls !== null) {
      handshake({ world: this.#world, dial, listener, accepted, sessions: this.#sessions });
      return;
    }
    if (options.tls !== null || listener.options.tls !== null) {
      const failure: TransportFailure = { kind: "tls", detail: "only one side speaks TLS" };
      dial.process.enter(() => connection.close(failure));
      listener.process.enter(() => accepted.close(null));
      return;
    }
    // The kernel answers the dialler whether or not the process takes the connection soon.
    this.#travel(listener.process, dial.process, () => connection.onReady(null));
    this.#travel(dial.process, listener.process, () => accepted.onAccepted(null, listener.accept));
  }

  async #listen(
    process: SimulatedProcess,
    options: ListenOptions,
    accept: Accept,
  ): Promise<Listening> {
    const { at } = options;
    const socket = at.kind === "bound" ? (at.handle as SimulatedSocket) : this.#bind(at, false);
    if (process.isDead) throw new Error("the process is dead");
    const listener = new SimulatedListener(process, socket, options, accept);
    this.#log(process, `listen ${formatAddress(socket.address)}`);
    for (const dial of socket.backlog.splice(0)) {
      if (!dial.connection.isClosed && !dial.process.isDead) this.#meet(dial, listener);
    }
    return {
      address: socket.address,
      close: async () => {
        if (!process.opened.delete(listener)) return;
        this.#log(process, `unlisten ${formatAddress(socket.address)}`);
        listener.abandon();
      },
    };
  }

  #bind(address: Address, isHeld: boolean): SimulatedSocket {
    const isFree = address.kind === "tcp" && address.port === 0;
    return this.#sockets.bind(isFree ? tcp(address.host, this.#nextPort()) : address, isHeld);
  }

  #travel(from: SimulatedProcess, process: SimulatedProcess, action: () => void): void {
    this.#links.after(from.name, process.name, () => process.enter(action));
  }

  #nextPort(): number {
    if (this.#ports === 65_535) this.#ports = 20_000;
    return ++this.#ports;
  }

  #log(process: SimulatedProcess, what: string): void {
    this.#trace?.(`${this.#clock.monotonicMs().toFixed(3)} ${process.name} ${what}`);
  }
}
