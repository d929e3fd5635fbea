import type { Direction } from "../history/exchange.ts";
import type { CarriedProtocol, HttpProtocol } from "../model/protocol.ts";
import type { Http1Context } from "../net/http1/context.ts";
import { Http1Server } from "../net/http1/server.ts";
import type { Http2Context } from "../net/http2/context.ts";
import { Http2Server } from "../net/http2/server.ts";
import type { Connection, ConnectionEvents } from "../net/transport.ts";
import type { RelayContext } from "../relay/context.ts";
import { Door } from "../relay/door.ts";
import type { FrontendSlot, Source } from "../relay/frontend.ts";
import { recordRefusal } from "../relay/refusal.ts";
import { TcpRelay, type TcpRoute, type TcpSuitor } from "../relay/tcp.ts";
import type { ConnectionCounter } from "../telemetry/recorder.ts";
import type { Drainable } from "./connections.ts";
import { type DetectorHost, refusingMs } from "./detector.ts";
import type { ProtocolMemory } from "./protocol-memory.ts";

/** What is different from door to door. */
export interface Entrance {
  readonly direction: Direction;
  /** Fields that callers there may not say. */
  readonly dropFields: readonly string[];
}

export interface VisitOptions {
  readonly context: RelayContext;
  readonly entrance: Entrance;
  readonly memory: ProtocolMemory;
  readonly http1: Http1Context;
  readonly http2: Http2Context;
  readonly connection: Connection;
  readonly slot: FrontendSlot;
  readonly source: Source;
  /** Counts what connections were found to carry; null: nobody does. */
  readonly counter: ConnectionCounter | null;
  /** Exchanges that the connection has carried already, where it has become a tunnel. */
  readonly exchangesBefore: number;
  /** The connection is `server`'s from now on. */
  readonly onHanded: (connection: Connection, server: Drainable) => void;
  /** The connection is gone. */
  readonly onClose: (connection: Connection) => void;
}

/** One connection that came in by a door: what may become of it. */
export class Visit implements DetectorHost {
  readonly context: RelayContext;
  readonly slot: FrontendSlot;
  readonly memory: ProtocolMemory;
  readonly #options: VisitOptions;

  constructor(options: VisitOptions) {
    this.#options = options;
    this.context = options.context;
    this.slot = options.slot;
    this.memory = options.memory;
  }

  get direction(): Direction {
    return this.#options.entrance.direction;
  }

  get connection(): Connection {
    return this.#options.connection;
  }

  /** A peer has said that it is octets. */
  serveTcp(): TcpRelay {
    const tcp = this.relayTcp(null);
    tcp.carry({ protocol: null, detected: "", serverName: null }, Buffer.alloc(0), false);
    tcp.begin(null);
    return tcp;
  }

  serveHttp(protocol: HttpProtocol, detected: string): ConnectionEvents & Drainable {
    const { http1, http2, connection, slot, source, context, entrance, exchangesBefore } =
      this.#options;
    source.detected = detected;
    const door = new Door(context, slot, source, this.#options.onClose);
    const isRefusing = slot.frontend.fails !== null;
    const options = {
      dropFields: entrance.dropFields,
      exchangesBefore,
      ...(isRefusing && { idleTimeoutMs: refusingMs }),
    };
    if (protocol === "h2") return new Http2Server(http2, connection, door, options);
    return new Http1Server(http1, connection, door, options);
  }

  relayTcp(suitor: TcpSuitor | null): TcpRelay {
    const { context, slot, source, connection: near, onClose } = this.#options;
    const ordinal = this.#options.exchangesBefore + 1;
    return new TcpRelay({ context, slot, source, near, ordinal, suitor, onClose });
  }

  routeTls(serverName: string | null): TcpRoute | null {
    const { tlsRoutes = null, backendOf } = this.slot.frontend;
    if (tlsRoutes === null) return null;
    const rule = tlsRoutes.match(serverName);
    if (rule === null) {
      const detail = `no TLSRoute has the name ${serverName ?? "of a client that asks for none"}`;
      return { route: null, reason: "no-route", detail };
    }
    const backend = rule.backends.next();
    if (backend !== null) {
      return { route: rule.name, backend: backendOf(backend.service, backend.port) };
    }
    const detail = `${rule.name} names no backend that exists`;
    return { route: rule.name, reason: "invalid-backend", detail };
  }

  onDetected(protocol: CarriedProtocol, detected: string, afterMs: number): void {
    this.#options.counter?.detected(protocol, detected, afterMs);
  }

  refuse(detail: string): void {
    const { context, slot, source, exchangesBefore } = this.#options;
    const ordinal = exchangesBefore + 1;
    const refusal = { reason: "client-slow", detail, ordinal, isAnswered: false } as const;
    recordRefusal(context, slot.frontend, source, refusal);
  }

  onHanded(server: Drainable): void {
    this.#options.onHanded(this.connection, server);
  }

  onGone(): void {
    this.#options.onClose(this.connection);
  }
}
