import { formatRows, parseOutputFormat, type RowView } from "../render/output.ts";
import type { World } from "./world.ts";

/** Prints rows as `-o` says; where there are none, a word about it on standard error. */
export function show<Row>(
  world: World,
  view: RowView<Row>,
  rows: readonly Row[],
  output: string,
): void {
  const format = parseOutputFormat(output);
  const isTable = format === "table" || format === "wide";
  if (isTable && rows.length === 0) {
    world.err.write(`${view.nothing.replaceAll("heddle ", `${world.program} `)}\n`);
    return;
  }
  const { out } = world;
  out.write(formatRows(view, rows, format, out.isTerminal ? out.columns : undefined));
}
