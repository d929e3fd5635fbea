import { type Address, formatAddress } from "../../model/address.ts";
import type { Accept, DialOptions, ListenOptions } from "../transport.ts";
import type { SimulatedConnection } from "./connection.ts";
import type { Opened, SimulatedProcess } from "./process.ts";

/** A dial on its way. */
export interface SimulatedDial {
  readonly process: SimulatedProcess;
  readonly options: DialOptions;
  readonly connection: SimulatedConnection;
}

/** A process that accepts on a socket. */
export class SimulatedListener implements Opened {
  readonly process: SimulatedProcess;
  readonly options: ListenOptions;
  readonly accept: Accept;
  readonly #socket: SimulatedSocket;

  constructor(
    process: SimulatedProcess,
    socket: SimulatedSocket,
    options: ListenOptions,
    accept: Accept,
  ) {
    this.process = process;
    this.options = options;
    this.accept = accept;
    this.#socket = socket;
    socket.listener = this;
    socket.hasListened = true;
    process.opened.add(this);
  }

  abandon(): void {
    if (this.#socket.listener === this) this.#socket.unlisten();
  }
}

/** A bound address: whoever holds it may change, and dials wait for the next one once anybody has listened. */
export class SimulatedSocket {
  readonly address: Address;
  hasListened = false;
  listener: SimulatedListener | null = null;
  readonly backlog: SimulatedDial[] = [];
  /** Null: held by somebody outside its listeners' processes, as the supervisor holds sockets. */
  readonly #table: SimulatedSockets | null;

  constructor(address: Address, table: SimulatedSockets | null) {
    this.address = address;
    this.#table = table;
  }

  unlisten(): void {
    this.listener = null;
    this.#table?.release(this.address);
  }
}

/** The sockets that are bound, by address. */
export class SimulatedSockets {
  readonly #byAddress = new Map<string, SimulatedSocket>();

  at(address: Address): SimulatedSocket | null {
    return this.#byAddress.get(formatAddress(address)) ?? null;
  }

  /** @param isHeld does it outlive its listeners? @throws Error where the address is taken. */
  bind(address: Address, isHeld: boolean): SimulatedSocket {
    const key = formatAddress(address);
    if (this.#byAddress.has(key)) {
      const error = new Error(`cannot listen at ${key}: EADDRINUSE`);
      throw Object.assign(error, { code: "EADDRINUSE" });
    }
    const socket = new SimulatedSocket(address, isHeld ? null : this);
    this.#byAddress.set(key, socket);
    return socket;
  }

  release(address: Address): void {
    this.#byAddress.delete(formatAddress(address));
  }
}
