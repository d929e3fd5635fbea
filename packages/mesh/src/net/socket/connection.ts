import type { Socket } from "node:net";
import { type Address, tcp } from "../../model/address.ts";
import { failureOfError } from "../errno.ts";
import type {
  Connection,
  ConnectionEvents,
  Peer,
  TransportFailure,
  WriteStatus,
} from "../transport.ts";

/** What a TLS stream may gather before it says `queued`: its writes are confirmed late even if the kernel took them. */
const GATHER_MAX = 65_536;

/** A connection on `net.Socket` and `tls.TLSSocket`, by their documented interface alone. */
export class SocketConnection implements Connection {
  /** The socket below; with TLS only to be reset. */
  readonly #socket: Socket;
  readonly #hasTls: boolean;
  #stream: Socket;
  #events: ConnectionEvents | null;
  #remote: Address | null;
  #local: Address | null = null;
  #phase: "opening" | "open" | "closed" = "opening";
  #peer: Peer | null = null;
  #failure: TransportFailure | null = null;
  #isOurs = false;
  #isPaused = false;
  #heldEnd = false;
  #owesDrain = false;
  #wantsEnd = false;
  #early: Buffer[] = [];
  #earlyBytes = 0;
  receivedBytes = 0;
  sentBytes = 0;
  #isRefusal: ((bytes: Buffer) => boolean) | null = null;
  readonly #written = (): void => this.#onWritten();

  constructor(
    socket: Socket,
    hasTls: boolean,
    events: ConnectionEvents | null,
    remote: Address | null,
  ) {
    this.#socket = socket;
    this.#stream = socket;
    this.#hasTls = hasTls;
    this.#events = events;
    this.#remote = remote;
    socket.on("error", (error) => this.onError(error));
    socket.on("close", () => this.#onClosed());
  }

  get local(): Address {
    const { localAddress, localPort } = this.#socket;
    if (localAddress && localPort) this.#local ??= tcp(localAddress, localPort);
    return this.#local ?? tcp("0.0.0.0", 0);
  }

  get remote(): Address {
    const { remoteAddress, remotePort } = this.#socket;
    if (remoteAddress && remotePort) this.#remote ??= tcp(remoteAddress, remotePort);
    return this.#remote ?? tcp("0.0.0.0", 0);
  }

  get peer(): Peer | null {
    return this.#peer;
  }

  get queuedBytes(): number {
    return this.#earlyBytes + (this.#phase === "open" ? this.#stream.writableLength : 0);
  }

  get isClosed(): boolean {
    return this.#phase === "closed";
  }

  write(bytes: Buffer, start: number, end: number): WriteStatus {
    if (this.#phase === "closed" || this.#wantsEnd || end <= start) return this.#status();
    return this.writeOwned(Buffer.from(bytes.subarray(start, end)));
  }

  writeOwned(bytes: Buffer): WriteStatus {
    if (this.#phase === "closed" || this.#wantsEnd || bytes.length === 0) return this.#status();
    this.sentBytes += bytes.length;
    if (this.#phase === "opening") {
      this.#early.push(bytes);
      this.#earlyBytes += bytes.length;
      this.#owesDrain = true;
      return "queued";
    }
    this.#stream.write(bytes, this.#written);
    const limit = this.#hasTls ? GATHER_MAX : 0;
    if (this.#stream.writableLength > limit) this.#owesDrain = true;
    return this.#status();
  }

  end(): void {
    if (this.#phase === "closed" || this.#wantsEnd) return;
    this.#wantsEnd = true;
    if (this.#phase === "open") this.#stream.end();
  }

  reset(): void {
    this.fail(null);
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#phase === "open") this.#stream.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#phase !== "open") return;
    if (this.#heldEnd) process.nextTick(() => this.#onEnd());
    else this.#stream.resume();
  }

  fail(failure: TransportFailure | null): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#failure = failure;
    this.#isOurs = true;
    const isTcp = this.#remote?.kind !== "unix";
    // A reset while a FIN is on its way would leave the handle open for ever (Node takes it for closing).
    const isShutting = this.#socket.writableEnded && !this.#socket.writableFinished;
    if (isTcp && !isShutting && !this.#socket.connecting) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** The first bytes may be a refusal, says `isRefusal`. */
  expectRefusal(isRefusal: (bytes: Buffer) => boolean): void {
    this.#isRefusal = isRefusal;
  }

  onReady(stream: Socket, peer: Peer | null): void {
    this.#open(stream, peer);
    this.#events!.onOpen();
    this.#begin();
  }

  onAccepted(
    stream: Socket,
    peer: Peer | null,
    accept: (connection: Connection) => ConnectionEvents | null,
  ): void {
    this.#open(stream, peer);
    this.#events = accept(this);
    if (this.#events === null) this.reset();
    else this.#begin();
  }

  onBytes(bytes: Buffer, end: number): void {
    if (this.#phase !== "open") return;
    const isRefusal = this.#isRefusal;
    this.#isRefusal = null;
    if (isRefusal?.(bytes.subarray(0, end))) {
      const detail = "the peer did not accept our certificate";
      this.fail({ kind: "identity-mismatch", detail });
      return;
    }
    this.receivedBytes += end;
    this.#events!.onBytes(bytes, 0, end);
  }

  onError(error: unknown): void {
    if (this.#isOurs) return;
    const during = this.#phase === "opening" ? "connect" : "connection";
    this.#failure ??= failureOfError(error, during);
    if (this.#stream !== this.#socket) this.#socket.destroy();
  }

  #open(stream: Socket, peer: Peer | null): void {
    this.#stream = stream;
    this.#peer = peer;
    this.#phase = "open";
    // What the addresses are is not to be had any more once the socket closed.
    void this.local;
    void this.remote;
    if (stream !== this.#socket) stream.on("error", (error) => this.onError(error));
    stream.on("end", () => this.#onEnd());
  }

  #begin(): void {
    if (this.#phase !== "open") return;
    for (const bytes of this.#early) this.#stream.write(bytes, this.#written);
    this.#early = [];
    this.#earlyBytes = 0;
    if (this.#wantsEnd) this.#stream.end();
    this.#stream.on("data", (bytes: Buffer) => this.onBytes(bytes, bytes.length));
    if (this.#isPaused) this.#stream.pause();
    else this.#stream.resume();
  }

  /** A stream ends though it is paused, once it has nothing left to give. */
  #onEnd(): void {
    this.#heldEnd = this.#isPaused;
    if (this.#phase === "open" && !this.#isPaused) this.#events?.onEnd();
  }

  #onWritten(): void {
    if (!this.#owesDrain || this.#phase !== "open" || this.#stream.writableLength > 0) return;
    this.#owesDrain = false;
    this.#events?.onDrain();
  }

  #onClosed(): void {
    this.#phase = "closed";
    const events = this.#events;
    this.#events = null;
    events?.onClose(this.#failure);
  }

  #status(): WriteStatus {
    return this.#owesDrain ? "queued" : "done";
  }
}
