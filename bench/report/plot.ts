import type { Report, SubjectReport } from "./report.ts";

const width = 900;
const labelWidth = 150;
const barHeight = 16;
const gap = 6;

/** CPU per request of every subject in every scenario as an SVG of bars, heddle's in another colour; the limit of a
 *  closed-loop scenario, a multiple of HAProxy's better variant, is a line. */
export function renderPlot(report: Report): string {
  const parts: string[] = [];
  let y = 30;
  for (const scenario of report.scenarios) {
    const rows = scenario.subjects.filter(
      ({ name, cpuUsPerRequest }) => name !== "haproxy" && cpuUsPerRequest !== null,
    );
    const best = scenario.subjects.find(({ name }) => name === "haproxy")?.cpuUsPerRequest ?? null;
    const limit = limitOf(report, scenario.name);
    parts.push(text(8, y, scenario.name, "title"));
    y += 12;
    // http-proxy-3 costs several times the rest: the scale is that of the others, and its bar is cut off with a figure.
    const others = rows.filter(({ name }) => name !== "http-proxy-3");
    const most =
      Math.max(1, ...others.map((row) => row.cpuUsPerRequest!), (best ?? 0) * limit) * 1.15;
    const scale = (value: number): number =>
      (Math.min(value, most) / most) * (width - labelWidth - 110);
    const top = y;
    for (const row of rows) {
      parts.push(bar(row, y, scale));
      y += barHeight + gap;
    }
    if (best !== null && limit > 0) {
      const x = labelWidth + scale(best * limit);
      parts.push(
        `<line class="limit" x1="${x}" y1="${top - 2}" x2="${x}" y2="${y - gap + 2}"/>`,
        text(x + 4, y + 4, `${limit} × HAProxy`, "small"),
      );
    }
    y += 34;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}">
<style>text{font:12px sans-serif;fill:#222}.title{font-weight:bold}.small{font-size:10px;fill:#a33}
.peer{fill:#9ab}.heddle{fill:#d70}.limit{stroke:#a33;stroke-dasharray:4 3}</style>
<rect width="100%" height="100%" fill="#fff"/>
${text(8, 14, `CPU µs per request (${report.machine.cpu}, Node ${report.machine.node})`, "title")}
${parts.join("\n")}
</svg>
`;
}

function bar(row: SubjectReport, y: number, scale: (value: number) => number): string {
  const value = row.cpuUsPerRequest!;
  const kind = row.name === "heddle" ? "heddle" : "peer";
  const isCut = scale(value) === scale(Number.POSITIVE_INFINITY);
  const figure = isCut ? `» ${value.toFixed(1)}` : value.toFixed(1);
  return [
    text(8, y + 12, row.name, "name"),
    `<rect class="${kind}" x="${labelWidth}" y="${y}" width="${scale(value).toFixed(1)}" height="${barHeight}"/>`,
    text(labelWidth + scale(value) + 6, y + 12, figure, "figure"),
  ].join("\n");
}

function limitOf(report: Report, scenario: string): number {
  if (!scenario.endsWith("/closed")) return 0;
  const name = `cpu-${scenario.split("/", 1)[0]}`;
  return report.bars.find((one) => one.name === name)?.limit ?? 0;
}

function text(x: number, y: number, content: string, kind: string): string {
  const safe = content.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  return `<text class="${kind}" x="${x.toFixed(1)}" y="${y}">${safe}</text>`;
}
