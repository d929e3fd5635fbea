import { breakWords } from "./break-words.ts";

/** A column of a table over rows of type `Row`. */
export interface TableColumn<Row> {
  readonly name: string;
  /** Default: left. */
  readonly align?: "left" | "right";
  /** Only in wide tables. */
  readonly isWide?: boolean;
  /** Sentences, and the last column: broken between words where the terminal is narrower. */
  readonly isProse?: boolean;
  /** Null shows as `-`. */
  readonly cell: (row: Row) => string | number | null;
}

/** Between columns. */
const GAP = "   ";
/** Sentences in a narrower column are not read: the terminal may break them itself. */
const PROSE_MIN = 24;

/**
 * Rows under headings, as wide as their contents; a line break after each, no blanks at the end of a line.
 * @param width of the terminal; default: there is none, and each row is one line, for `grep` and `awk`
 */
export function formatTable<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  isWide = false,
  width = Number.POSITIVE_INFINITY,
): string {
  const shown = columns.filter((column) => isWide || column.isWide !== true);
  const lines = [
    shown.map((column) => column.name),
    ...rows.map((row) => shown.map((column) => textOf(column.cell(row)))),
  ];
  const widths = shown.map((_, index) => Math.max(...lines.map((cells) => cells[index]!.length)));
  const formatLine = (cells: readonly string[]) =>
    cells.map((cell, index) => pad(cell, widths[index]!, shown[index]!.align)).join(GAP);
  const last = shown.length - 1;
  const room = width - widths.slice(0, last).reduce((sum, each) => sum + each + GAP.length, 0);
  const isBroken = shown[last]?.isProse === true && room >= PROSE_MIN;
  return lines
    .flatMap((cells) => (isBroken ? broken(cells, room) : [cells]))
    .map((cells) => `${formatLine(cells).trimEnd()}\n`)
    .join("");
}

/** The last cell over as many lines as it takes, with nothing before its second. */
function broken(cells: readonly string[], room: number): readonly (readonly string[])[] {
  const before = cells.slice(0, -1);
  return breakWords(cells.at(-1)!, room).map((part, at) => [
    ...(at === 0 ? before : before.map(() => "")),
    part,
  ]);
}

function textOf(value: string | number | null): string {
  return value === null || value === "" ? "-" : String(value);
}

function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  return align === "right" ? text.padStart(width) : text.padEnd(width);
}
