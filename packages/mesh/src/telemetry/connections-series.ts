import type { ConnectionHandles } from "./proxy-metrics.ts";
import type { ConnectionsRow } from "./summary.ts";

/** What a connection has carried so far. It counts that itself, so that a chunk costs telemetry nothing. */
export interface Carrier {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** The connections of one direction, service and side. */
export class ConnectionsSeries {
  readonly #of: Omit<ConnectionsRow, "open" | "opened">;
  readonly #handles: ConnectionHandles;
  /** Those that are open, and how much of what each has carried is counted. */
  readonly #open = new Map<Carrier, { received: number; sent: number }>();
  #opened = 0;

  constructor(of: Omit<ConnectionsRow, "open" | "opened">, handles: ConnectionHandles) {
    this.#of = of;
    this.#handles = handles;
  }

  onOpen(connection: Carrier): void {
    this.#open.set(connection, { received: 0, sent: 0 });
    this.#opened++;
    this.#handles.opened.add(1);
    this.#handles.open.add(1);
  }

  onClose(connection: Carrier): void {
    this.#count(connection);
    this.#open.delete(connection);
    this.#handles.closed.add(1);
    this.#handles.open.add(-1);
  }

  /** Brings the octets up to date; before each reading of the metrics. */
  collect(): void {
    for (const connection of this.#open.keys()) this.#count(connection);
  }

  summarise(): ConnectionsRow {
    return { ...this.#of, open: this.#open.size, opened: this.#opened };
  }

  #count(connection: Carrier): void {
    const counted = this.#open.get(connection);
    if (counted === undefined) return;
    const { receivedBytes, sentBytes } = connection;
    this.#handles.receivedBytes.add(receivedBytes - counted.received);
    this.#handles.sentBytes.add(sentBytes - counted.sent);
    counted.received = receivedBytes;
    counted.sent = sentBytes;
  }
}
