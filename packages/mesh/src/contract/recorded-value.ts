import { SipHash } from "../base/sip-hash.ts";
import { decodeUtf8 } from "../base/utf8.ts";
import type { RecordedValue } from "../history/exchange.ts";
import type { ContractDoc, ValueType } from "../model/document.ts";
import { integerKey } from "../model/integer-key.ts";
import type { Value } from "./operation.ts";

/** Makes of captured bodies what is recorded of them. One per Contract. */
export class ValueRecorder {
  readonly #hash: SipHash;
  readonly #isHashed: boolean;

  constructor(contract: Pick<ContractDoc, "values" | "hashKey">) {
    this.#hash = new SipHash(contract.hashKey);
    this.#isHashed = contract.values === "hashed";
  }

  /**
   * A whole body as a value. Opaque text is hashed where the Contract says so, and where it is no UTF-8, because no text
   * would say which octets it was; the empty text never is: definitions compare with it. The rest is recorded as it is.
   */
  record(octets: Uint8Array, type: ValueType): RecordedValue {
    if (octets.length === 0) return { text: "" };
    if (type === "opaque" && this.#isHashed) return { hash: this.#hash.hash(octets) };
    const text = decodeUtf8(octets);
    return text === null ? { hash: this.#hash.hash(octets) } : { text };
  }

  /** The hash of text that a model gives: equal to that of the body which says the same. */
  hashText(text: string): string {
    return this.#hash.hash(utf8.encode(text));
  }
}

/**
 * What was recorded as a value to compute with. Undefined: it is no value of the type, a hash of what is not opaque or
 * nothing at all among them. Whole numbers may have space around them, as in a body that ends in a line feed.
 */
export function readValue(recorded: RecordedValue, type: ValueType): Value | undefined {
  if ("missing" in recorded) return undefined;
  if ("hash" in recorded) return type === "opaque" ? hashedValue(recorded.hash) : undefined;
  switch (type) {
    case "opaque":
    case "text":
      return recorded.text;
    case "integer":
      return integerValue(recorded.text.trim());
    case "json":
      return jsonValue(recorded.text);
  }
}

/** A hash among values. No text is like it: a lone surrogate is in no UTF-8. */
export function hashedValue(hash: string): Value {
  return HASHED + hash;
}

/** The hash that `value` stands for, or null where it is a value itself. */
export function hashOf(value: Value | undefined): string | null {
  return typeof value === "string" && value.startsWith(HASHED) ? value.slice(1) : null;
}

/** As in the talk's notation: `"a"`, `7`, `[1, 2]`; a hash as `#` and its first 8 digits; nothing as `ok`. */
export function formatValue(value: Value | undefined): string {
  if (value === undefined) return "ok";
  if (Array.isArray(value)) return `[${value.map(formatValue).join(", ")}]`;
  const hash = hashOf(value as Value);
  if (hash !== null) return `#${hash.slice(0, 8)}`;
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}

/** Are they the same value? Lists by their elements; -0 is 0. */
export function isEqualValue(one: Value | undefined, other: Value | undefined): boolean {
  if (one === other) return true;
  if (!Array.isArray(one) || !Array.isArray(other)) return false;
  return one.length === other.length && one.every((value, at) => isEqualValue(value, other[at]));
}

/** A number where that is exact, else a bigint: so each whole number is one value. */
function integerValue(text: string): Value | undefined {
  const digits = integerKey(text);
  if (digits === null) return undefined;
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : BigInt(digits);
}

/** Objects are none: no definition has them. */
function jsonValue(text: string): Value | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isValue(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isValue(value: unknown): value is Value {
  if (Array.isArray(value)) return value.every(isValue);
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

const HASHED = "\udc00";
const utf8 = new TextEncoder();
