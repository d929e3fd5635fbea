import type { Diagram, Mark } from "./diagram.ts";

/**
 * The diagram for a terminal, as wide as it comes or in bands of at most `columns` characters:
 *
 * ```
 * e            ──●M1───────────────────────────────────────────○M6──▶
 * e/proxy      ─────○M1──●M2─────────────────────────○M5──●M6───────▶        ● Send   ○ Recv
 * kvs-1/proxy  ─────────────○M2──●M3─────────○M4──●M5───────────────▶        M1 M2 M3 Get(1)   M4 M5 M6 "a"
 * kvs-1        ─────────────────────○M3──●M4────────────────────────▶
 * ```
 */
export function drawText(diagram: Diagram, columns = Number.POSITIVE_INFINITY): string {
  const nameWidth = Math.max(0, ...diagram.lanes.map(({ label }) => label.length)) + gap.length;
  const bands = bandsOf(diagram.marks, Math.max(minBand, columns - nameWidth));
  const drawn = bands.map((band, index) => {
    const arrowhead = index === bands.length - 1 ? "▶" : "┄";
    return diagram.lanes.map(({ label }, lane) => {
      return label.padEnd(nameWidth) + drawLane(band, lane) + arrowhead;
    });
  });
  const legend = ["● Send   ○ Recv", ...diagram.legend.map((parts) => parts.join("   "))];
  const last = drawn.at(-1) ?? [];
  const width = Math.max(0, ...last.map((line) => line.length));
  const fits = legend.every((line) => width + legendGap.length + line.length <= columns);
  const isBeside = fits && drawn.length === 1 && legend.length < last.length;
  const text = isBeside
    ? [last.map((line, lane) => besideOf(line, legend[lane - 1]))]
    : [...drawn, legend];
  return text.map((lines) => lines.map((line) => `${line}\n`).join("")).join("\n");
}

const gap = "  ";
const legendGap = "        ";
/** A terminal that is narrower gets lines that it breaks. */
const minBand = 20;

function besideOf(line: string, legend: string | undefined): string {
  return legend === undefined ? line : line + legendGap + legend;
}

interface Placed {
  readonly mark: Mark;
  readonly column: number;
}

interface Band {
  readonly placed: readonly Placed[];
  readonly width: number;
}

/** Columns for the marks: each right of the one before, two apart on one lane; a new band where the width ends. */
function bandsOf(marks: readonly Mark[], widthMax: number): readonly Band[] {
  const bands: Band[] = [];
  let placed: Placed[] = [];
  let end = 0; // of the mark before
  const close = () => bands.push({ placed, width: end + 2 });
  for (const mark of marks) {
    const before = placed.at(-1)?.mark ?? null;
    let column = before === null || before.lane === mark.lane ? end + 2 : end;
    if (column + widthOf(mark) + 3 > widthMax && before !== null) {
      close();
      placed = [];
      column = 2;
    }
    placed.push({ mark, column });
    end = column + widthOf(mark);
  }
  close();
  return bands;
}

function drawLane({ placed, width }: Band, lane: number): string {
  let line = "";
  for (const { mark, column } of placed) {
    if (mark.lane !== lane) continue;
    line = line.padEnd(column, "─") + (mark.event.kind === "send" ? "●" : "○") + mark.label;
  }
  return line.padEnd(width, "─");
}

function widthOf({ label }: Mark): number {
  return 1 + label.length;
}
