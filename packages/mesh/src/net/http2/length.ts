/** A Content-Length: 1*DIGIT up to 2^53 - 1, without leading zeros (which some read as octal); -1 for all else. */
export function parseLength(value: string): number {
  const count = value.length;
  if (count === 0 || count > 16 || (count > 1 && value.charCodeAt(0) === 0x30)) return -1;
  let length = 0;
  for (let index = 0; index < count; index++) {
    const digit = value.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length <= Number.MAX_SAFE_INTEGER ? length : -1;
}
