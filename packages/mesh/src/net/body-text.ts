import { decodeUtf8 } from "../base/utf8.ts";
import type { RecordedValue } from "../history/exchange.ts";
import { BodyCopy } from "./body-copy.ts";

/** A body as text, once it has come to its end. */
export class BodyText {
  #copy: BodyCopy | null;
  /** UTF-8, or where it is none each octet a character. */
  value: RecordedValue = { missing: "not-whole" };

  /** @param bytesMax a longer body is not kept */
  constructor(bytesMax: number) {
    this.#copy = new BodyCopy(bytesMax);
  }

  add(bytes: Buffer, start: number, end: number): void {
    this.#copy?.take(bytes, start, end);
  }

  end(): void {
    const copy = this.#copy;
    if (copy === null) return;
    this.#copy = null;
    const octets = copy.octets.subarray(0, copy.length);
    this.value = copy.isTooLong
      ? { missing: "too-long" }
      : { text: decodeUtf8(octets) ?? octets.toString("latin1") };
  }
}
