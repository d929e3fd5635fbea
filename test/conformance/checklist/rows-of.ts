/** Rows that a test speaks for, by the beginning of its title: `row 7: …`, `row 1, 5, 6: …`, `row 9 to 15: …`. */
export function rowsOf(title: string): readonly number[] {
  const list = /^row ([\d, to]+):/.exec(title)?.[1];
  if (list === undefined) return [];
  return list.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split("to").map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}
