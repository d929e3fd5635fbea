import type { Clock } from "../../base/clock.ts";
import { formatAddress } from "../../model/address.ts";
import { Copies } from "../copies.ts";
import type {
  Accept,
  Connection,
  ConnectionEvents,
  DialOptions,
  Listening,
  ListenOptions,
  TlsCredentials,
  TlsDialOptions,
  Transport,
} from "../transport.ts";
import { Carrier, type CarrierOptions } from "./carrier.ts";
import { CarriersToPeer, carrierProtocol } from "./carriers-to-peer.ts";
import { DATA_BYTES_MAX } from "./frame.ts";
import { type CarrierLimits, defaultCarrierLimits } from "./limits.ts";

/** A frame each, 1 MB in all. */
const copiesOptions = { bufferBytes: DATA_BYTES_MAX, sparesMax: 64, borrowMin: 2048 };

/** What a dialler asks for that a carrier can carry. */
export const carriedProtocols: ReadonlySet<string> = new Set(["http/1.1", "heddle-tcp"]);

/**
 * A transport on which connections to another proxy are streams of few: same interface, same events, so that codecs and pools
 * know nothing of it. Plain connections, and what asks for another protocol, go through untouched.
 */
export class CarrierTransport implements Transport {
  readonly #inner: Transport;
  readonly #options: CarrierOptions;
  readonly #generations = new WeakMap<TlsCredentials, Map<string, CarriersToPeer>>();

  constructor(inner: Transport, clock: Clock, limits: CarrierLimits = defaultCarrierLimits) {
    this.#inner = inner;
    const soon = inner.soon?.bind(inner) ?? queueMicrotask;
    this.#options = {
      clock,
      limits,
      soon,
      scratch: Buffer.allocUnsafeSlow(65_536),
      copies: new Copies(copiesOptions),
    };
  }

  dial(options: DialOptions, events: ConnectionEvents): Connection {
    const { address, tls } = options;
    const protocol = tls?.alpn.length === 1 ? tls.alpn[0]! : null;
    if (tls === null || protocol === null || !carriedProtocols.has(protocol)) {
      return this.#inner.dial(options, events);
    }
    return this.#carriersTo(`${tls.serverName} ${formatAddress(address)}`, tls).dial(
      options,
      protocol,
      events,
    );
  }

  #carriersTo(key: string, { credentials }: TlsDialOptions): CarriersToPeer {
    let peers = this.#generations.get(credentials);
    if (peers === undefined) this.#generations.set(credentials, (peers = new Map()));
    let carriers = peers.get(key);
    if (carriers === undefined) {
      const known = peers;
      carriers = new CarriersToPeer(this.#inner, this.#options, () => known.delete(key));
      peers.set(key, carriers);
    }
    return carriers;
  }

  async listen(options: ListenOptions, accept: Accept): Promise<Listening> {
    const { at, tls } = options;
    if (tls === null) return this.#inner.listen(options, accept);
    const streams = {
      accept,
      speaks: (serverName: string, protocol: string) =>
        carriedProtocols.has(protocol) && tls.selectAlpn(serverName, [protocol]) === protocol,
      isClosed: false,
      generation: () => tls.credentials().generation,
      carriers: new Set<Carrier>(),
    };
    const selectAlpn = (serverName: string, offered: readonly string[]): string | null => {
      if (!offered.includes(carrierProtocol)) return tls.selectAlpn(serverName, offered);
      const others = offered.filter((each) => each !== carrierProtocol);
      return tls.selectAlpn(serverName, others) === null ? null : carrierProtocol;
    };
    const listening = await this.#inner.listen(
      { at, tls: { ...tls, selectAlpn } },
      (connection) => {
        if (connection.peer?.alpn !== carrierProtocol) return accept(connection);
        const carrier = new Carrier(this.#options, { acceptor: streams });
        carrier.attach(connection);
        return carrier;
      },
    );
    return {
      address: listening.address,
      close: () => {
        streams.isClosed = true;
        for (const carrier of [...streams.carriers]) carrier.goAway();
        return listening.close();
      },
    };
  }
}
