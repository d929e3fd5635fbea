import type { Connection } from "../transport.ts";

/**
 * Octets that arrived before they could be looked at, and the pause that keeps more from coming: at most one read of
 * them, but for what was being delivered already.
 */
export class ReadAhead {
  readonly #connection: Connection;
  #bytes: Buffer | null = null;
  #isPaused = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get isEmpty(): boolean {
    return this.#bytes === null;
  }

  /** Octets held. */
  get length(): number {
    return this.#bytes?.length ?? 0;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Keeps `bytes[start, end)`. @param isOwn they were taken from here, so a slice will do */
  hold(bytes: Buffer, start: number, end: number, isOwn: boolean): void {
    const rest = isOwn ? bytes.subarray(start, end) : Buffer.from(bytes.subarray(start, end));
    this.#bytes = this.#bytes === null ? rest : Buffer.concat([this.#bytes, rest]);
  }

  /** Gives up what is held. */
  take(): Buffer | null {
    const bytes = this.#bytes;
    this.#bytes = null;
    return bytes;
  }

  /** Drops the first `count` octets. */
  skip(count: number): void {
    if (this.#bytes === null || count === 0) return;
    this.#bytes = this.#bytes.length > count ? this.#bytes.subarray(count) : null;
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#connection.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#connection.resume();
  }
}
