import type { Direction } from "../history/exchange.ts";
import type { Connection } from "../net/transport.ts";
import type { FrontendSlot } from "../relay/frontend.ts";
import type { ConnectionsSeries } from "../telemetry/connections-series.ts";

/** A downstream connection that can be asked to end when its exchange has. */
export interface Drainable {
  drain(): void;
}

/** One live downstream connection. */
export interface LiveConnection {
  readonly direction: Direction;
  readonly connection: Connection;
  server: Drainable;
  readonly sinceMs: number;
  /** Where its requests go; null where each says so itself. */
  readonly slot: FrontendSlot | null;
  /** Where it is counted; null: nowhere. */
  readonly series: ConnectionsSeries | null;
}

/** The connections that others opened to us: to be counted, shown and drained. */
export class Connections {
  readonly #live = new Map<Connection, LiveConnection>();

  /** Connections opened and closed so far. */
  changes = 0;

  get size(): number {
    return this.#live.size;
  }

  add(live: LiveConnection): void {
    this.changes++;
    live.series?.onOpen(live.connection);
    this.#live.set(live.connection, live);
  }

  /** The connection has become a tunnel to `slot` that `server` serves; it stays the same connection. */
  handOver(connection: Connection, server: Drainable, slot: FrontendSlot): void {
    const live = this.#live.get(connection);
    if (live !== undefined) this.#live.set(connection, { ...live, server, slot });
  }

  /** `server` serves the connection from now on. */
  serve(connection: Connection, server: Drainable): void {
    const live = this.#live.get(connection);
    if (live !== undefined) live.server = server;
  }

  remove(connection: Connection): void {
    const live = this.#live.get(connection);
    if (live === undefined) return;
    this.#live.delete(connection);
    this.changes++;
    live.series?.onClose(live.connection);
  }

  all(): Iterable<LiveConnection> {
    return this.#live.values();
  }

  /** The places that requests of some connection go to. O(connections). */
  slots(): ReadonlySet<FrontendSlot | null> {
    return new Set([...this.#live.values()].map(({ slot }) => slot));
  }

  /** Ends those of `direction` as their exchanges end. Null: all. */
  drain(direction: Direction | null): void {
    for (const live of [...this.#live.values()]) {
      if (direction === null || live.direction === direction) live.server.drain();
    }
  }

  /** Ends all at once. */
  reset(): void {
    for (const live of [...this.#live.values()]) live.connection.reset();
  }
}
