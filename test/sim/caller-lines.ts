import type { Address } from "@heddle/mesh/model/address.ts";
import type { HttpProtocol } from "@heddle/mesh/model/protocol.ts";
import { Http1Client } from "@heddle/mesh/net/http1/client.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { Http2Client } from "@heddle/mesh/net/http2/client.ts";
import { Http2Context } from "@heddle/mesh/net/http2/context.ts";
import type { Transport, TransportFailure } from "@heddle/mesh/net/transport.ts";
import type { ClientCodec, ClientCodecOwner } from "@heddle/mesh/upstream/session.ts";
import type { ProcessClock } from "./process-clock.ts";

/** What waits for a connection of a caller, then uses it. */
export interface LineUser {
  start(codec: ClientCodec): void;
  /** The connection is gone; nothing to whom it has been said already. */
  lost(detail: string): void;
}

/** One connection of a caller. */
interface Line {
  readonly codec: Http1Client | Http2Client;
  readonly place: string;
  readonly at: Address;
  readonly version: HttpProtocol;
  readonly waiting: LineUser[];
  /** Not all of them still use it. */
  readonly started: Set<LineUser>;
}

/** Exchanges that share a connection of HTTP/2; beyond it there is another. */
const sharedMax = 12;

/** The HTTP connections of a caller to the places it asks: one request at a time on those of HTTP/1.1, many on those of HTTP/2. */
export class CallerLines implements ClientCodecOwner {
  readonly #transport: Transport;
  readonly #http1: Http1Context;
  readonly #http2: Http2Context;
  readonly #lines = new Map<ClientCodec, Line>();

  constructor(transport: Transport, clock: ProcessClock) {
    this.#transport = transport;
    this.#http1 = new Http1Context({ clock, via: null });
    this.#http2 = new Http2Context({ clock, via: null });
  }

  /** Exchanges that are going on, as the codecs count them. */
  get active(): number {
    let sum = 0;
    for (const { active } of this.#lines.keys()) sum += active;
    return sum;
  }

  get size(): number {
    return this.#lines.size;
  }

  /** On a connection that has room, or a new one. */
  use(at: Address, version: HttpProtocol, user: LineUser): void {
    const place = `${version} ${JSON.stringify(at)}`;
    for (const line of this.#lines.values()) {
      const { codec, waiting } = line;
      if (line.place !== place || codec.isClosing) continue;
      const hasRoom =
        version === "h2"
          ? waiting.length + codec.active < sharedMax
          : waiting.length === 0 && codec.capacity > 0;
      if (!hasRoom) continue;
      waiting.push(user);
      this.#serve(line);
      return;
    }
    const codec =
      version === "h2" ? new Http2Client(this.#http2, this) : new Http1Client(this.#http1, this);
    this.#lines.set(codec, { codec, place, at, version, waiting: [user], started: new Set() });
    codec.attach(this.#transport.dial({ address: at, tls: null }, codec));
  }

  /** Closes every connection once nothing uses it. */
  close(): void {
    for (const { codec } of [...this.#lines.values()]) codec.close();
  }

  onOpen(codec: ClientCodec): void {
    this.#serve(this.#lines.get(codec));
  }

  onExchangeEnd(codec: ClientCodec): void {
    const line = this.#lines.get(codec);
    if (line?.version === "http/1.1") line.started.clear();
    this.#serve(line);
  }

  onCapacity(codec: ClientCodec): void {
    this.#serve(this.#lines.get(codec));
  }

  onClose(codec: ClientCodec, failure: TransportFailure | null): void {
    const line = this.#lines.get(codec);
    this.#lines.delete(codec);
    const detail = failure?.kind ?? "closed";
    for (const user of [...(line?.started ?? []), ...(line?.waiting ?? [])]) user.lost(detail);
  }

  #serve(line: Line | undefined): void {
    if (line === undefined) return;
    const { codec, waiting, started } = line;
    while (waiting.length > 0 && codec.capacity > 0) {
      const user = waiting.shift()!;
      started.add(user);
      user.start(codec);
    }
    // Its server wants no more of it, and none of these was sent.
    if (codec.isClosing && codec.active > 0) {
      for (const user of waiting.splice(0)) this.use(line.at, line.version, user);
    }
  }
}
