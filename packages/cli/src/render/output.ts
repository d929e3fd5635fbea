import { stringify } from "yaml";
import { exits, Fault } from "./fault.ts";
import { formatTable, type TableColumn } from "./table.ts";

export const outputFormats = ["table", "wide", "json", "yaml", "name"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** How rows of one kind are shown. */
export interface RowView<Row> {
  readonly columns: readonly TableColumn<Row>[];
  /** One word for a row: `-o name`. */
  readonly nameOf: (row: Row) => string;
  /** Said, on standard error, in place of an empty table. */
  readonly nothing: string;
}

/** Rows in the format asked for; tables for a terminal so many characters wide. */
export function formatRows<Row>(
  view: RowView<Row>,
  rows: readonly Row[],
  format: OutputFormat,
  width?: number,
): string {
  switch (format) {
    case "json":
      return `${JSON.stringify(rows, null, 2)}\n`;
    case "yaml":
      return stringify(rows);
    case "name":
      return rows.map((row) => `${view.nameOf(row)}\n`).join("");
    default:
      return formatTable(view.columns, rows, format === "wide", width);
  }
}

/** @throws Fault for a word that is no format. */
export function parseOutputFormat(text: string): OutputFormat {
  const found = outputFormats.find((format) => format === text);
  if (found !== undefined) return found;
  throw new Fault(exits.usage, `-o ${text}: expected one of ${outputFormats.join(", ")}`);
}
