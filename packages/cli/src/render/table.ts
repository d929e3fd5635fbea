/** A column of a table over rows of type `Row`. */
export interface TableColumn<Row> {
  readonly name: string;
  /** Default: left. */
  readonly align?: "left" | "right";
  /** Only in wide tables. */
  readonly isWide?: boolean;
  /** Null shows as `-`. */
  readonly cell: (row: Row) => string | number | null;
}

/** Between columns. */
const GAP = "   ";

/** Rows under headings, as wide as their contents; a line break after each, no blanks at the end of a line. */
export function formatTable<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  isWide = false,
): string {
  const shown = columns.filter((column) => isWide || column.isWide !== true);
  const lines = [
    shown.map((column) => column.name),
    ...rows.map((row) => shown.map((column) => textOf(column.cell(row)))),
  ];
  const widths = shown.map((_, index) => Math.max(...lines.map((cells) => cells[index]!.length)));
  const formatLine = (cells: readonly string[]) =>
    cells.map((cell, index) => pad(cell, widths[index]!, shown[index]!.align)).join(GAP);
  return lines.map((cells) => `${formatLine(cells).trimEnd()}\n`).join("");
}

function textOf(value: string | number | null): string {
  return value === null || value === "" ? "-" : String(value);
}

function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  return align === "right" ? text.padStart(width) : text.padEnd(width);
}
