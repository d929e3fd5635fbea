import { HpackField } from "./field.ts";

const SLOTS = 1024;
/** Values of more characters are rarely seen twice, and dear to hash. */
const VALUE_CHARS = 256;

/**
 * RFC 7541 §7.1.3: what somebody who shares the connection and sees its lengths could guess. Whoever sent it over HTTP/2 has
 * decided itself; of what came otherwise these are ours to protect. Cookies so short are, too (nghttp2's bound).
 */
const secretNames: ReadonlySet<string> = new Set(["authorization", "proxy-authorization"]);
const SECRET_COOKIE_CHARS = 20;

/**
 * Field objects for names and values that came as text: from HTTP/1.1, from filters, from the proxy itself. Equal text is the
 * same object while it is in use, so that an encoder finds it in its table. Each has one place it can be in.
 */
export class TextCache {
  readonly #fields: (HpackField | null)[] = new Array(SLOTS).fill(null);

  /** The object for `name`, in lower case, with `value`. */
  field(name: string, value: string): HpackField {
    if (value.length > VALUE_CHARS) return new HpackField(name, value, isSecret(name, value));
    let hash = name.length;
    for (let at = 0; at < value.length; at++) {
      hash = (Math.imul(hash, 31) + value.charCodeAt(at)) | 0;
    }
    const slot = (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (SLOTS - 1);
    const known = this.#fields[slot]!;
    if (known !== null && known.value === value && known.name === name) {
      known.isRepeated = true;
      return known;
    }
    const field = new HpackField(name, value, isSecret(name, value));
    if (!field.isSensitive) this.#fields[slot] = field;
    return field;
  }
}

function isSecret(name: string, value: string): boolean {
  return secretNames.has(name) || (name === "cookie" && value.length < SECRET_COOKIE_CHARS);
}
