import type {
  Connection,
  ConnectionEvents,
  TransportFailure,
  WriteStatus,
} from "../../src/net/transport.ts";

/** Records one end's events and lets a test wait for them. */
export class Probe implements ConnectionEvents {
  connection: Connection | null = null;
  readonly log: string[] = [];
  received = 0;
  chunks: Buffer[] = [];
  keeps = true;
  failure: TransportFailure | null | undefined = undefined;
  onData: ((bytes: Buffer, start: number, end: number) => void) | null = null;
  onDrained: (() => void) | null = null;
  #waiters: { readonly claim: () => boolean; readonly resolve: () => void }[] = [];

  get text(): string {
    return Buffer.concat(this.chunks).toString("latin1");
  }

  send(text: string): WriteStatus {
    const bytes = Buffer.from(text, "latin1");
    return this.connection!.write(bytes, 0, bytes.length);
  }

  has(event: string): boolean {
    return this.log.includes(event);
  }

  /** Resolves once `claim` holds after some event. */
  until(claim: () => boolean): Promise<void> {
    if (claim()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ claim, resolve }));
  }

  closed(): Promise<void> {
    return this.until(() => this.failure !== undefined);
  }

  onOpen(): void {
    this.#note("open");
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.failure !== undefined) throw new Error("bytes after the close");
    this.received += end - start;
    if (this.keeps) this.chunks.push(Buffer.from(bytes.subarray(start, end)));
    this.onData?.(bytes, start, end);
    this.#note("bytes");
  }

  onEnd(): void {
    this.#note("end");
  }

  onDrain(): void {
    this.onDrained?.();
    this.#note("drain");
  }

  onClose(failure: TransportFailure | null): void {
    if (this.failure !== undefined) throw new Error("closed twice");
    this.failure = failure;
    this.#note("close");
  }

  #note(event: string): void {
    if (event !== "bytes" || this.log.at(-1) !== "bytes") this.log.push(event);
    const ready = this.#waiters.filter(({ claim }) => claim());
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }
}
