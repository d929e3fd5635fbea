/** The first `length` octets as base64 (RFC 4648 §4), padded. */
export function toBase64(octets: Uint8Array, length: number): string {
  const whole = length - (length % 3);
  const letters = new Uint8Array(4 * Math.ceil(length / 3)).fill(PAD);
  let to = 0;
  for (let at = 0; at < whole; at += 3) {
    const three = (octets[at]! << 16) | (octets[at + 1]! << 8) | octets[at + 2]!;
    letters[to] = alphabet[three >>> 18]!;
    letters[to + 1] = alphabet[(three >>> 12) & 63]!;
    letters[to + 2] = alphabet[(three >>> 6) & 63]!;
    letters[to + 3] = alphabet[three & 63]!;
    to += 4;
  }
  if (whole < length) {
    const two = (octets[whole]! << 8) | (whole + 1 < length ? octets[whole + 1]! : 0);
    letters[to] = alphabet[two >>> 10]!;
    letters[to + 1] = alphabet[(two >>> 4) & 63]!;
    if (whole + 1 < length) letters[to + 2] = alphabet[(two << 2) & 63]!;
  }
  return ascii.decode(letters);
}

/** The octets as characters U+0000 to U+00FF; null: it is no base64. */
export function fromBase64(text: string): string | null {
  try {
    return atob(text);
  } catch {
    return null;
  }
}

const alphabet = new TextEncoder().encode(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
);
const PAD = 0x3d;
const ascii = new TextDecoder();
