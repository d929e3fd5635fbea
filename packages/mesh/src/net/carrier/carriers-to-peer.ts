import type {
  Connection,
  ConnectionEvents,
  DialOptions,
  Peer,
  PeerVerifier,
  TlsDialOptions,
  Transport,
  TransportFailure,
} from "../transport.ts";
import { CarriedConnection } from "./carried-connection.ts";
import { Carrier, type CarrierOptions, type CarrierOwner } from "./carrier.ts";

/** Waits for a carrier that is being dialled. */
interface Waiter {
  readonly connection: CarriedConnection;
  readonly options: DialOptions;
  readonly protocol: string;
}

/** Carriers to one port of a service at one peer, of one generation of our identity. */
export class CarriersToPeer implements CarrierOwner {
  readonly #transport: Transport;
  readonly #options: CarrierOptions;
  readonly #forget: () => void;
  readonly #carriers: Carrier[] = [];
  #dialling: Carrier | null = null;
  readonly #waiting = new Set<Waiter>();
  /** The peer's certificates, against which each dialler's expectation is held. */
  #chainDer: readonly Uint8Array[] = [];
  /** Until when the peer is taken to speak no carrier. */
  #directUntilMs = Number.NEGATIVE_INFINITY;

  constructor(transport: Transport, options: CarrierOptions, forget: () => void) {
    this.#transport = transport;
    this.#options = options;
    this.#forget = forget;
  }

  dial(options: DialOptions, protocol: string, events: ConnectionEvents): Connection {
    const { clock, limits } = this.#options;
    if (clock.monotonicMs() < this.#directUntilMs) return this.#transport.dial(options, events);
    const waiter: Waiter = {
      connection: new CarriedConnection(this.#options, events, options.address, () =>
        this.#leave(waiter),
      ),
      options,
      protocol,
    };
    const carrier = this.#choose(options.tls!.verify);
    if (carrier === null) {
      this.#await(waiter);
    } else {
      carrier.openStream(waiter.connection, protocol);
      const isCrowded = carrier.streamCount > limits.streamsPerCarrier;
      if (isCrowded && this.#dialling === null && this.#carriers.length < limits.carriersMax) {
        this.#dialCarrier(options);
      }
    }
    return waiter.connection;
  }

  onCarrierOpen(carrier: Carrier, peer: Peer): void {
    if (this.#dialling === carrier) this.#dialling = null;
    if (peer.alpn !== carrierProtocol) {
      const { clock, limits } = this.#options;
      this.#directUntilMs = clock.monotonicMs() + limits.directMs;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const { connection, options } of waiting) {
        connection.becomeDirect((events) => this.#transport.dial(options, events));
      }
      carrier.reset();
      return;
    }
    this.#carriers.push(carrier);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const waiter of waiting) {
      // Each dialler holds the peer to what it expects itself.
      const verdict = waiter.options.tls!.verify(this.#chainDer);
      if (!verdict.ok)
        waiter.connection.lose({ kind: "identity-mismatch", detail: verdict.detail });
      else if (carrier.hasRoom) carrier.openStream(waiter.connection, waiter.protocol);
      else this.#await(waiter);
    }
  }

  onCarrierClosed(carrier: Carrier, failure: TransportFailure | null): void {
    const at = this.#carriers.indexOf(carrier);
    if (at >= 0) this.#carriers.splice(at, 1);
    if (this.#dialling === carrier) {
      this.#dialling = null;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      const lost = failure ?? { kind: "reset", detail: "closed while connecting" };
      for (const { connection } of waiting) connection.lose(lost);
    }
    const isDirect = this.#options.clock.monotonicMs() < this.#directUntilMs;
    if (this.#carriers.length === 0 && this.#dialling === null && !isDirect) this.#forget();
  }

  /**
   * The one with the fewest streams. What the peer has proven is looked at again by each dialler: of today, and of whom it
   * calls; where that is no longer enough it may prove itself anew.
   */
  #choose(verify: PeerVerifier): Carrier | null {
    let best: Carrier | null = null;
    for (const carrier of this.#carriers) {
      if (!carrier.hasRoom) continue;
      if (best === null || carrier.streamCount < best.streamCount) best = carrier;
    }
    if (best === null || verify(this.#chainDer).ok) return best;
    for (const carrier of [...this.#carriers]) carrier.retire();
    return null;
  }

  #await(waiter: Waiter): void {
    this.#waiting.add(waiter);
    if (this.#dialling === null) this.#dialCarrier(waiter.options);
  }

  #dialCarrier(options: DialOptions): void {
    const carrier = new Carrier(this.#options, { owner: this });
    this.#dialling = carrier;
    const tls = options.tls!;
    const verify: PeerVerifier = (chainDer) => {
      this.#chainDer = chainDer.map((each) => Uint8Array.from(each));
      return tls.verify(chainDer);
    };
    const offered: TlsDialOptions = { ...tls, alpn: [carrierProtocol, ...tls.alpn], verify };
    carrier.attach(this.#transport.dial({ address: options.address, tls: offered }, carrier));
  }

  #leave(waiter: Waiter): void {
    if (!this.#waiting.delete(waiter) || this.#waiting.size > 0) return;
    const carrier = this.#dialling; // nobody waits for it; who comes next has one of his own
    this.#dialling = null;
    carrier?.reset();
  }
}

/** ALPN name of a connection that carries others. */
export const carrierProtocol = "heddle/1";
