import { type BoundDatagrams, receiveDatagrams } from "../net/bound-datagrams.ts";
import { type BoundTcpSocket, receiveSocket } from "../net/bound-socket.ts";
import type { BoundSocket } from "../net/transport.ts";
import type { FromProxy, Start, Token, ToProxy } from "./host-link.ts";
import type { SocketSource } from "./listeners.ts";

/** Told what the supervisor says. */
export interface HostEvents {
  onStart(start: Start): void;
  onToken(token: Token): void;
  onDrain(isFinal: boolean): void;
  /** Another listening socket is here. */
  onSocket(name: string): void;
  /** The supervisor is gone. */
  onGone(): void;
}

/** The supervisor's end of this process: Node's IPC channel, inherited, so nobody else can speak on it. */
export class HostChannel implements SocketSource {
  readonly #sockets = new Map<string, BoundTcpSocket>();
  #datagrams: BoundDatagrams | null = null;

  /** Starts to listen: what the supervisor sent before is not lost. */
  open(events: HostEvents): void {
    process.on("message", (message: ToProxy, handle: unknown) => {
      switch (message.type) {
        case "start":
          events.onStart(message);
          return;
        case "socket": {
          const socket = receiveSocket(handle);
          const datagrams = receiveDatagrams(handle);
          if (socket !== null) this.#sockets.set(message.name, socket);
          else if (datagrams !== null) this.#datagrams = datagrams;
          else return;
          events.onSocket(message.name);
          return;
        }
        case "token":
          events.onToken(message);
          return;
        case "drain":
          events.onDrain(message.isFinal);
          return;
      }
    });
    process.on("disconnect", () => events.onGone());
    if (!process.connected) events.onGone();
  }

  send(message: FromProxy): void {
    if (process.connected) process.send?.(message);
  }

  isWaiting(name: string): boolean {
    return this.#sockets.has(name);
  }

  /** Where questions for names arrive, if that was passed since it was last asked for. */
  takeDatagrams(): BoundDatagrams | null {
    const datagrams = this.#datagrams;
    this.#datagrams = null;
    return datagrams;
  }

  /** A socket is listened on once: a listener that closes lets it go. */
  take(name: string): BoundSocket | "later" {
    const socket = this.#sockets.get(name);
    if (socket === undefined) return "later";
    this.#sockets.delete(name);
    return socket;
  }
}
