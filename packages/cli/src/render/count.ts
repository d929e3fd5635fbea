/** `20,000` */
export function formatCount(number: number): string {
  return number.toLocaleString("en-US");
}

/** `1 key`, `2,000 keys` */
export function count(number: number, noun: string): string {
  return `${formatCount(number)} ${noun}${number === 1 ? "" : "s"}`;
}
