import type { RecordedValue } from "../history/exchange.ts";

/** The first octets of a body, copied as they pass. */
export class BodyText {
  readonly #octetsMax: number;
  #pieces: Buffer[] = [];
  #length = 0;
  /** UTF-8, or where it is none each octet a character. */
  value: RecordedValue = { missing: "not-whole" };

  /** @param octetsMax a longer body is not kept */
  constructor(octetsMax: number) {
    this.#octetsMax = octetsMax;
  }

  add(bytes: Buffer, start: number, end: number): void {
    this.#length += end - start;
    if (this.#length > this.#octetsMax) this.#pieces = [];
    else if (end > start) this.#pieces.push(Buffer.from(bytes.subarray(start, end)));
  }

  end(): void {
    const isTooLong = this.#length > this.#octetsMax;
    this.value = isTooLong ? { missing: "too-long" } : { text: this.#read() };
    this.#pieces = [];
  }

  #read(): string {
    if (this.#length === 0) return "";
    const octets = this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces);
    try {
      return strictUtf8.decode(octets);
    } catch {
      return octets.toString("latin1");
    }
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
