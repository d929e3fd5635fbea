import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { tcp } from "@heddle/mesh/model/address.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import { CarrierTransport } from "@heddle/mesh/net/carrier/transport.ts";
import { openTransport } from "@heddle/mesh/net/open-transport.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import type {
  Connection,
  ConnectionEvents,
  TlsCredentials,
  Transport,
  TransportFailure,
} from "@heddle/mesh/net/transport.ts";
import type { Rig } from "../rig/rig.ts";

/** Where a proxy takes mutual TLS. */
export interface Inbound {
  readonly port: number;
  readonly serverName: string;
}

const request = Buffer.from("GET / HTTP/1.1\r\nhost: origin.bench\r\n\r\n");

/** A connection of the bench's own to a proxy, on which one request is asked. */
class Asker implements ConnectionEvents {
  readonly whenAnswered: Promise<void>;
  connection: Connection | null = null;
  #received = 0;
  #resolve!: () => void;
  #reject!: (error: Error) => void;

  constructor() {
    this.whenAnswered = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  onOpen(): void {
    this.connection!.write(request, 0, request.length);
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    const isFirst = this.#received === 0;
    if (isFirst && !bytes.toString("latin1", start, start + 12).startsWith("HTTP/1.1 200")) {
      this.#reject(new Error(bytes.toString("latin1", start, Math.min(end, start + 200))));
    }
    this.#received += end - start;
    if (this.#received > 1024) this.#resolve();
  }

  onEnd(): void {
    this.#reject(new Error("ended"));
  }

  onDrain(): void {}

  onClose(failure: TransportFailure | null): void {
    this.#reject(new Error(failure?.detail ?? "closed"));
  }
}

/** Connects with the caller's certificate, over one carrier or each for itself. */
export class BenchPeer {
  readonly #transport: Transport;
  readonly #inbound: Inbound | null;
  readonly #port: number;
  #credentials: TlsCredentials;

  private constructor(transport: Transport, rig: Rig, to: Inbound | number) {
    this.#transport = transport;
    this.#inbound = typeof to === "number" ? null : to;
    this.#port = typeof to === "number" ? to : to.port;
    const { caller, bundle } = rig.certificates();
    this.#credentials = {
      generation: 1,
      spiffeId: caller.spiffeId as SpiffeId,
      keyPem: readFileSync(caller.key, "utf8"),
      chainPem: readFileSync(caller.certificate, "utf8"),
      bundlePem: readFileSync(bundle, "utf8"),
    };
  }

  /** @param to a proxy's inbound side, or the port of a plain listener */
  static async make(rig: Rig, to: Inbound | number, isCarried: boolean): Promise<BenchPeer> {
    const clock = new SystemClock();
    const { transport } = await openTransport({ clock, hasPassed: true });
    return new BenchPeer(isCarried ? new CarrierTransport(transport, clock) : transport, rig, to);
  }

  /** Nothing of earlier handshakes is known any more. */
  forget(): void {
    this.#credentials = { ...this.#credentials };
  }

  /** A connection on which one request was answered. */
  async ask(): Promise<Connection> {
    const asker = new Asker();
    const inbound = this.#inbound;
    const tls =
      inbound === null
        ? null
        : {
            credentials: this.#credentials,
            serverName: inbound.serverName,
            alpn: ["http/1.1"],
            verify: () => ({ ok: true, id: this.#credentials.spiffeId }) as const,
          };
    asker.connection = this.#transport.dial({ address: tcp("127.0.0.1", this.#port), tls }, asker);
    await asker.whenAnswered;
    asker.whenAnswered.catch(() => undefined);
    return asker.connection;
  }
}

/** Connects, asks once, resets, again, 8 at a time. How often. Throws where a handshake was not of the kind asked for. */
export async function shakeHands(
  rig: Rig,
  inbound: Inbound,
  { isResumed, seconds }: { readonly isResumed: boolean; readonly seconds: number },
): Promise<number> {
  const peer = await BenchPeer.make(rig, inbound, false);
  (await peer.ask()).reset();
  await sleep(50);
  const until = performance.now() + seconds * 1000;
  let count = 1;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (performance.now() < until) {
        if (!isResumed) peer.forget();
        const connection = await peer.ask();
        if (connection.peer?.resumed !== isResumed) throw new Error("a handshake of another kind");
        connection.reset();
        count++;
      }
    }),
  );
  return count;
}
