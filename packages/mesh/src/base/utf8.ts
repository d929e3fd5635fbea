/** The text that the octets are; null: they are no UTF-8. A byte order mark is part of it. */
export function decodeUtf8(octets: Uint8Array): string | null {
  try {
    return strict.decode(octets);
  } catch {
    return null;
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
