import { connect, type Socket } from "node:net";

/** An answer as it came off the wire. */
export interface Answer {
  readonly statusLine: string;
  readonly body: Buffer;
  /** Head and body, in bytes. */
  readonly wireBytes: number;
}

/** A keep-alive connection of the verifier's own: it trusts no HTTP library, as it judges HTTP implementations. */
export class Exchanges {
  readonly #socket: Socket;
  readonly #iterator: AsyncIterator<Buffer>;
  #have: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#iterator = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Connects to a port of 127.0.0.1; an exchange silent for 10 s fails. */
  static open(port: number): Promise<Exchanges> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true }).once("error", reject);
      socket.setTimeout(10_000, () => socket.destroy(new Error("no answer within 10 s")));
      socket.once("connect", () => resolve(new Exchanges(socket)));
    });
  }

  /** Sends one request and reads its whole answer, which must say its Content-Length, as the origin does. */
  async ask(request: string | Buffer): Promise<Answer> {
    this.#socket.write(request);
    let end = this.#have.indexOf("\r\n\r\n");
    while (end < 0) {
      await this.#more();
      end = this.#have.indexOf("\r\n\r\n");
    }
    const head = this.#have.toString("latin1", 0, end);
    const length = /^content-length:\s*(\d+)\s*$/im.exec(head)?.[1];
    if (length === undefined) throw new Error(`an answer without Content-Length: ${head}`);
    const wireBytes = end + 4 + Number(length);
    while (this.#have.length < wireBytes) await this.#more();
    const body = Buffer.from(this.#have.subarray(end + 4, wireBytes));
    this.#have = this.#have.subarray(wireBytes);
    return { statusLine: head.split("\r\n", 1)[0] ?? "", body, wireBytes };
  }

  /** Bytes that came after the last answer: there must be none. */
  get surplus(): number {
    return this.#have.length;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #more(): Promise<void> {
    const next = await this.#iterator.next();
    if (next.done === true) throw new Error("the connection ended before the answer did");
    this.#have = Buffer.concat([this.#have, next.value]);
  }
}
