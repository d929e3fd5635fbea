/**
 * The one spelling of a whole number: `007` and `7` are one number, `-0` and `0` too; at any length, since nothing is
 * computed with it. Null where `text` is none.
 */
export function integerKey(text: string): string | null {
  if (!/^-?\d+$/.test(text)) return null;
  const sign = text.startsWith("-") ? "-" : "";
  let first = sign.length;
  while (first < text.length - 1 && text.charCodeAt(first) === 0x30) first++;
  const digits = text.slice(first);
  return digits === "0" ? "0" : sign + digits;
}
