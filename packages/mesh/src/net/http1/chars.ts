/**
 * Which octets may stand where (RFC 9110 §5.5 and §5.6.2, RFC 9112 §3.2), as bits of one table, so that a scanner
 * asks one question per octet.
 */
export const TOKEN = 1; // tchar: methods, field names
export const TEXT = 2; // HTAB, SP, visible, obs-text: field values, reason phrases
export const PATH = 4; // what we take in a path: visible US-ASCII but # " < > \
export const QUERY = 8; // what we take in a query: visible US-ASCII but #
export const HOST = 16; // a registered name or IPv4 literal as meshes use them: letters, digits, - . _ ~
export const HEX = 32;

/** The classes of each octet. */
export const octets: Readonly<Uint8Array> = buildOctets();

/** The value of each hexadecimal digit, 255 for every other octet. */
export const hexValues: Readonly<Uint8Array> = buildHexValues();

function buildOctets(): Uint8Array {
  const table = new Uint8Array(256);
  const mark = (text: string, bit: number) => {
    for (const character of text) table[character.charCodeAt(0)]! |= bit;
  };
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const digits = "0123456789";
  mark(`!#$%&'*+-.^_\`|~${digits}${letters}`, TOKEN);
  mark(`-._~${digits}${letters}`, HOST);
  mark(`${digits}abcdefABCDEF`, HEX);
  for (let octet = 0x20; octet < 0x100; octet++) {
    if (octet !== 0x7f) table[octet]! |= TEXT;
    if (octet > 0x20 && octet < 0x7f) table[octet]! |= PATH | QUERY;
  }
  table[0x09]! |= TEXT;
  for (const character of '#"<>\\') table[character.charCodeAt(0)]! &= ~PATH;
  table[0x23]! &= ~QUERY;
  return table;
}

function buildHexValues(): Uint8Array {
  const table = new Uint8Array(256).fill(255);
  for (let value = 0; value < 16; value++) {
    const digit = value.toString(16);
    table[digit.charCodeAt(0)] = value;
    table[digit.toUpperCase().charCodeAt(0)] = value;
  }
  return table;
}
