import type { BoundDatagrams } from "./bound-datagrams.ts";

/** The only door to UDP, which carries questions for names and nothing else. */
export interface Datagrams {
  /** Receives on a socket that the supervisor bound. */
  open(socket: BoundDatagrams, events: DatagramEvents): DatagramSocket;
  /** A socket of its own, from a port that nobody can guess, that hears `host`:`port` alone. */
  connect(host: string, port: number, events: DatagramEvents): ConnectedDatagrams;
}

export interface DatagramEvents {
  /** `bytes` are the receiver's. */
  onDatagram(bytes: Buffer, from: DatagramPeer): void;
  /** The socket is of no use any more: nobody listens there, no route, no descriptors. */
  onFailure(detail: string): void;
}

export interface DatagramPeer {
  readonly host: string;
  readonly port: number;
}

export interface DatagramSocket {
  /** Sends, or drops: who asked asks again. */
  send(bytes: Uint8Array, to: DatagramPeer): void;
  close(): void;
}

export interface ConnectedDatagrams {
  send(bytes: Uint8Array): void;
  close(): void;
}
