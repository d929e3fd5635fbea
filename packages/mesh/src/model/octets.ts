/**
 * A text of a resource as it stands on the wire: UTF-8, one character for each octet, as heads hold theirs. `ü` is the two octets
 * that clients send for it, in a field as it is, in a query behind `%`.
 */
export function octetsOf(text: string): string {
  if (isAscii.test(text)) return text;
  let octets = "";
  for (const octet of new TextEncoder().encode(text)) octets += String.fromCharCode(octet);
  return octets;
}

const isAscii = /^[\x00-\x7f]*$/;
