import type { Clock } from "../base/clock.ts";
import type { Direction } from "../history/exchange.ts";
import type { WorkloadDoc } from "../model/document.ts";
import type { RequestHandler } from "../net/codec.ts";
import { Gather } from "../net/gather.ts";
import { Http1Client } from "../net/http1/client.ts";
import { Http1Context } from "../net/http1/context.ts";
import { Http1Server } from "../net/http1/server.ts";
import { Http2Client } from "../net/http2/client.ts";
import { Http2Context } from "../net/http2/context.ts";
import type { OnLimit } from "../net/limit.ts";
import type { Connection, ConnectionEvents } from "../net/transport.ts";
import type { RelayContext } from "../relay/context.ts";
import type { FrontendSlot, Source } from "../relay/frontend.ts";
import { tcpAlpn } from "../relay/tcp.ts";
import type { ConnectionCounter } from "../telemetry/recorder.ts";
import type { BuildClientCodec } from "../upstream/session.ts";
import type { Connections, Drainable } from "./connections.ts";
import { Detector } from "./detector.ts";
import { edgeFields, internalFields, peerFields } from "./fields.ts";
import { ProtocolMemory } from "./protocol-memory.ts";
import { localSource, peerSource } from "./source.ts";
import { type Entrance, Visit } from "./visit.ts";

export interface DoorsOptions {
  readonly clock: Clock;
  /** Inbound exchanges, and all others. */
  readonly inboundRelay: RelayContext;
  readonly outboundRelay: RelayContext;
  readonly connections: Connections;
  /** Counts the connections that are opened to us; null: nobody does. */
  readonly counter: ConnectionCounter | null;
  readonly onLimit: OnLimit;
  /** The newest. */
  readonly workload: () => WorkloadDoc;
}

const entrances: Readonly<Record<"inbound" | "outbound" | "gateway", Entrance>> = {
  inbound: { direction: "inbound", dropFields: peerFields },
  outbound: { direction: "outbound", dropFields: internalFields },
  gateway: { direction: "gateway", dropFields: edgeFields },
};

/**
 * Which codec for which connection. All codecs of a workload share one turn (`Gather`), so that what one receives another sends
 * within it.
 *
 * ```
 *  peer (TLS)         ALPN says:  http/1.1 │ h2 │ heddle-tcp
 *  everybody else     the port's protocol says, or the first octets of either side (`Detector`)
 * ```
 */
export class Doors {
  readonly #options: DoorsOptions;
  readonly #http1: Http1Context;
  readonly #http2: Http2Context;
  readonly #memory = new ProtocolMemory();

  constructor(options: DoorsOptions) {
    this.#options = options;
    const { clock, onLimit, inboundRelay, outboundRelay } = options;
    const gather = new Gather();
    inboundRelay.turn = gather;
    outboundRelay.turn = gather;
    this.#http1 = new Http1Context({ clock, gather, onLimit });
    this.#http2 = new Http2Context({ clock, gather, onLimit });
  }

  readonly buildClient: BuildClientCodec = (owner, protocol) =>
    protocol === "h2" ? new Http2Client(this.#http2, owner) : new Http1Client(this.#http1, owner);

  /** A peer's proxy has come, or, in a mesh without identities, whoever dials. */
  acceptInbound(connection: Connection, slot: FrontendSlot): ConnectionEvents {
    const visit = this.#visit("inbound", connection, slot, peerSource(connection), 0);
    switch (connection.peer?.alpn) {
      case "http/1.1":
      case "h2":
        return this.#admit(visit, visit.serveHttp(connection.peer.alpn, ""));
      case tcpAlpn:
        return this.#admit(visit, visit.serveTcp()).near;
      default:
        return this.#detect(visit);
    }
  }

  /** Our own application has come to an outbound listener, or a client of our gateway. */
  acceptLocal(
    direction: "outbound" | "gateway",
    connection: Connection,
    slot: FrontendSlot,
  ): ConnectionEvents {
    const source = localSource(connection, this.#options.workload());
    return this.#detect(this.#visit(direction, connection, slot, source, 0));
  }

  /** Our own application takes us for its HTTP proxy. */
  acceptForwardProxy(
    connection: Connection,
    build: (source: Source) => RequestHandler,
  ): ConnectionEvents {
    const source = localSource(connection, this.#options.workload());
    const options = { dropFields: internalFields };
    const server = new Http1Server(this.#http1, connection, build(source), options);
    this.#add("outbound", connection, server, null);
    return server;
  }

  /** A connection has become a tunnel to a service: whatever is spoken in it is found out as at a listener. */
  readonly serveTunnel = (
    connection: Connection,
    slot: FrontendSlot,
    source: Source,
    exchangesBefore: number,
  ): ConnectionEvents => {
    const visit = this.#visit("outbound", connection, slot, source, exchangesBefore);
    const detector = new Detector(visit, connection);
    this.#options.connections.handOver(connection, detector, slot);
    detector.begin();
    return detector;
  };

  #visit(
    door: keyof typeof entrances,
    connection: Connection,
    slot: FrontendSlot,
    source: Source,
    exchangesBefore: number,
  ): Visit {
    const { inboundRelay, outboundRelay, counter } = this.#options;
    return new Visit({
      context: door === "inbound" ? inboundRelay : outboundRelay,
      entrance: entrances[door],
      memory: this.#memory,
      http1: this.#http1,
      http2: this.#http2,
      connection,
      slot,
      source,
      counter,
      exchangesBefore,
      onHanded: this.#onHanded,
      onClose: this.#onClose,
    });
  }

  #admit<Server extends Drainable>(visit: Visit, server: Server): Server {
    this.#add(visit.direction, visit.connection, server, visit.slot);
    return server;
  }

  #detect(visit: Visit): ConnectionEvents {
    const detector = this.#admit(visit, new Detector(visit, visit.connection));
    detector.begin();
    return detector;
  }

  readonly #onHanded = (connection: Connection, server: Drainable): void => {
    this.#options.connections.serve(connection, server);
  };

  readonly #onClose = (connection: Connection): void => {
    this.#options.connections.remove(connection);
  };

  #add(
    direction: Direction,
    connection: Connection,
    server: Drainable,
    slot: FrontendSlot | null,
  ): void {
    const { connections, counter, clock } = this.#options;
    const { service = "", port = 0 } = slot?.frontend ?? {};
    const series = counter?.connections(direction, { service, port, peer: "src" }) ?? null;
    const sinceMs = clock.monotonicMs();
    connections.add({ direction, connection, server, sinceMs, slot, series });
  }
}
