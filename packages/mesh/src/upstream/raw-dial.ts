import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "../net/transport.ts";
import { type ConnectReason, connectReason } from "./connect-failure.ts";
import type { ConnectionMeter, UpstreamContext } from "./context.ts";
import type { Dialler } from "./dialler.ts";

/** Whose connection it is: a TCP relay. Its events are the connection's, but for the beginning. */
export interface RawDialOwner extends Omit<ConnectionEvents, "onOpen"> {
  /** Connected, and with TLS the peer verified. */
  onConnected(connection: Connection): void;
  /** None came about; the last event. It may be tried elsewhere: nothing was sent. */
  onNoConnection(reason: ConnectReason, detail: string): void;
}

/** Told what became of it, for the target's sake. */
export interface RawDialObserver {
  onConnected(): void;
  onConnectFailed(reason: ConnectReason, pool: null): void;
  onRawEnd(dial: RawDial): void;
}

/**
 * One connection to a target that belongs to nobody else: octets, and no exchanges. `onNoConnection`, or `onConnected` and all
 * that `ConnectionEvents` promises up to `onClose`, follows.
 */
export class RawDial implements ConnectionEvents, DeadlineHandler {
  readonly #context: UpstreamContext;
  readonly #owner: RawDialOwner;
  readonly #observer: RawDialObserver;
  readonly #meter: ConnectionMeter | null;
  readonly #deadline: Deadline;
  #connection: Connection | null = null;
  #phase: "dialling" | "open" | "over" = "dialling";
  #timeoutMs = 0;

  constructor(
    context: UpstreamContext,
    owner: RawDialOwner,
    observer: RawDialObserver,
    meter: ConnectionMeter | null,
  ) {
    this.#context = context;
    this.#owner = owner;
    this.#observer = observer;
    this.#meter = meter;
    this.#deadline = new Deadline(this);
  }

  get isOpen(): boolean {
    return this.#phase === "open";
  }

  start(dialler: Dialler, alpn: string): void {
    this.#timeoutMs = dialler.connectTimeoutMs;
    this.#context.wheel.set(this.#deadline, this.#timeoutMs);
    this.#connection = dialler.dial(alpn, this);
  }

  /** It is not even tried. */
  refuse(reason: ConnectReason, detail: string): void {
    this.#phase = "over";
    this.#owner.onNoConnection(reason, detail);
  }

  /** The owner has no use for it any more. Before it has come about: no event follows. Afterwards: a reset, and `onClose`. */
  cancel(): void {
    if (this.#phase === "dialling") this.#giveUp();
    else this.#connection?.reset();
  }

  onOpen(): void {
    if (this.#phase !== "dialling") return;
    this.#phase = "open";
    this.#context.wheel.clear(this.#deadline);
    const connection = this.#connection!;
    this.#meter?.onOpen(connection);
    this.#owner.onConnected(connection);
    this.#observer.onConnected();
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#phase === "open") this.#owner.onBytes(bytes, start, end);
  }

  onEnd(): void {
    if (this.#phase === "open") this.#owner.onEnd();
  }

  onDrain(): void {
    if (this.#phase === "open") this.#owner.onDrain();
  }

  onClose(failure: TransportFailure | null): void {
    const phase = this.#phase;
    if (phase === "over") return;
    this.#phase = "over";
    this.#observer.onRawEnd(this);
    if (phase === "open") {
      this.#meter?.onClose(this.#connection!);
      this.#owner.onClose(failure);
      return;
    }
    this.#context.wheel.clear(this.#deadline);
    this.#fail(connectReason(failure), failure?.detail ?? "closed while connecting");
  }

  onDeadline(): void {
    this.#giveUp();
    this.#fail("connect-timeout", `not connected within ${this.#timeoutMs} ms`);
  }

  #giveUp(): void {
    this.#phase = "over";
    this.#context.wheel.clear(this.#deadline);
    this.#observer.onRawEnd(this);
    this.#connection?.reset();
  }

  #fail(reason: ConnectReason, detail: string): void {
    this.#observer.onConnectFailed(reason, null);
    this.#owner.onNoConnection(reason, detail);
  }
}
