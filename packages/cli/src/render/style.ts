/** How to mark words where the output is a terminal; everywhere else all of these return their argument. */
export interface Style {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
  /** The same colour for the same number. */
  tint(text: string, number: number): string;
}

const tints = [36, 33, 35, 34, 32, 96, 93, 95, 94, 92];

export function buildStyle(hasColor: boolean): Style {
  const paint = (code: number) => (text: string) =>
    hasColor ? `\x1b[${code}m${text}\x1b[0m` : text;
  return {
    good: paint(32),
    bad: paint(31),
    warn: paint(33),
    dim: paint(2),
    bold: paint(1),
    tint: (text, number) => paint(tints[number % tints.length]!)(text),
  };
}
