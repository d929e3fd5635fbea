/** Ports that are remembered; the one that was heard of least lately is forgotten first. */
const portsMax = 1024;
/** For how long it is believed that servers speak first, in ms. */
export const serverFirstMs = 600_000;

/**
 * At which ports the server speaks first, as it was seen: a connection to one of them is dialled at once, and nobody waits for a
 * client that waits itself. It is only a matter of time saved: whoever speaks first decides in either case.
 */
export class ProtocolMemory {
  /** When it was seen last, by port; the least recent first. */
  readonly #seenMs = new Map<string, number>();

  isServerFirst(port: string, nowMs: number): boolean {
    const seenMs = this.#seenMs.get(port);
    return seenMs !== undefined && nowMs - seenMs < serverFirstMs;
  }

  onServerFirst(port: string, nowMs: number): void {
    this.#seenMs.delete(port);
    this.#seenMs.set(port, nowMs);
    if (this.#seenMs.size <= portsMax) return;
    const [oldest] = this.#seenMs.keys();
    this.#seenMs.delete(oldest!);
  }

  /** A client has spoken first. */
  onClientFirst(port: string): void {
    if (this.#seenMs.size > 0) this.#seenMs.delete(port);
  }

  get size(): number {
    return this.#seenMs.size;
  }
}
