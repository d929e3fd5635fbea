/** The members of a comma-separated field value, without the blanks around them (RFC 9110 §5.6.1). */
export function splitList(value: string): string[] {
  return value.split(",").map(trimBlanks);
}

/** Without the SP and HTAB at both ends: `trim()` takes off more (0xA0), a regular expression takes quadratic time. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** SP or HTAB. */
export function isBlank(octet: number): boolean {
  return octet === 0x20 || octet === 0x09;
}
