import type { Arrow, Diagram, Mark } from "./diagram.ts";

// In pixels.
const columnWidth = 56;
const laneHeight = 64;
const margin = 24;
const radius = 6;
const characterWidth = 8.5;
const lineHeight = 20;

/** The diagram as an SVG document of its own: dark on white, no fonts, scripts or pictures from elsewhere. */
export function drawSvg({ lanes, marks, arrows, legend }: Diagram): string {
  const labelWidth = widthOfText(lanes.map(({ label }) => label));
  const left = margin + labelWidth + margin;
  const right = left + (marks.length + 1) * columnWidth;
  const words = ["● Send   ○ Recv", ...legend.map((parts) => parts.join("     "))];
  const top = margin + laneHeight / 2;
  const legendTop = margin + lanes.length * laneHeight + lineHeight;
  const width = Math.max(right, margin + widthOfText(words)) + margin;
  const height = legendTop + words.length * lineHeight + margin / 2;
  const at = (place: number): Point => ({
    x: left + (place + 0.5) * columnWidth,
    y: top + marks[place]!.lane * laneHeight,
  });
  const isFromAbove = new Set<number>();
  for (const { from, to } of arrows) {
    if (from === null || to === null) continue;
    if (at(from).y < at(to).y) isFromAbove.add(to);
    if (at(to).y < at(from).y) isFromAbove.add(from);
  }
  const body = [
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...lanes.flatMap(({ label }, lane) => {
      const y = top + lane * laneHeight;
      return [
        `<text x="${margin}" y="${y + 5}">${escapeXml(label)}</text>`,
        `<line x1="${left}" y1="${y}" x2="${right}" y2="${y}" class="lane" marker-end="url(#time)"/>`,
      ];
    }),
    ...arrows.flatMap((arrow) => drawArrow(arrow, at)),
    ...marks.map((mark, place) => drawMark(mark, at(place), isFromAbove.has(place))),
    ...words.map((line, index) => {
      const y = legendTop + (index + 0.5) * lineHeight;
      return `<text x="${margin}" y="${y}" xml:space="preserve">${escapeXml(line)}</text>`;
    }),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="monospace" font-size="14" fill="#111111">
<title>Space-time diagram of ${lanes.length} endpoints and ${arrows.length} messages</title>
${style}
${body.join("\n")}
</svg>
`;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const style = `<style>
.lane { stroke: #555555; stroke-width: 1.5; }
.message { stroke: #1f4e9c; stroke-width: 1.5; fill: none; }
.reply { stroke: #8a3b12; stroke-dasharray: 5 3; }
.send { fill: #111111; stroke: #111111; stroke-width: 2; }
.recv { fill: #ffffff; stroke: #111111; stroke-width: 2; }
.lost { stroke: #b00020; stroke-width: 2.5; }
</style>
<defs>
${arrowhead("time", "#555555")}
${arrowhead("request", "#1f4e9c")}
${arrowhead("reply", "#8a3b12")}
</defs>`;

function arrowhead(id: string, color: string): string {
  return `<marker id="${id}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0 L10 5 L0 10 z" fill="${color}"/></marker>`;
}

/** Its number stands on the side that its arrow does not come to. */
function drawMark({ event, label }: Mark, { x, y }: Point, isFromAbove: boolean): string {
  const how = event.isInferred ? `inferred by ${event.observer}` : "observed";
  const word = `${event.kind === "send" ? "Send" : "Recv"}•${label}`;
  const title = `${word} at ${event.endpoint} (${event.address}), ${how}`;
  return `<g><title>${escapeXml(title)}</title><circle cx="${x}" cy="${y}" r="${radius}" class="${event.kind}"/><text x="${x}" y="${isFromAbove ? y + radius + 16 : y - radius - 6}" text-anchor="middle">${label}</text></g>`;
}

/** From mark to mark; one without a receiver ends in a cross, one without a sender comes from nowhere. */
function drawArrow(arrow: Arrow, at: (place: number) => Point): readonly string[] {
  const { label, text, from, to, type } = arrow;
  const title = `<title>${escapeXml(`${label} ${text}`)}</title>`;
  const line = (a: Point, b: Point, end: string) =>
    `<g>${title}<path d="M${a.x} ${a.y} L${b.x} ${b.y}" class="message ${type}"${end}/></g>`;
  const head = ` marker-end="url(#${type})"`;
  if (from !== null && to !== null) {
    const [a, b] = [at(from), at(to)];
    return [line(shortened(b, a), shortened(a, b), head)];
  }
  const half = columnWidth / 2;
  if (to !== null) {
    const b = at(to);
    return [
      line({ x: b.x - half, y: b.y - half }, shortened({ x: b.x - half, y: b.y - half }, b), head),
    ];
  }
  const a = at(from!);
  const end = { x: a.x + half, y: a.y + half };
  const cross = `<path d="M${end.x - 5} ${end.y - 5} l10 10 m0 -10 l-10 10" class="lost"/>`;
  return [line(shortened(end, a), end, ""), cross];
}

/** The point on the way from `a` to `b` at which the mark of `b` begins. */
function shortened(a: Point, b: Point): Point {
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  const share = (length - radius - 1) / length;
  return {
    x: round(a.x + (b.x - a.x) * share),
    y: round(a.y + (b.y - a.y) * share),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function widthOfText(lines: readonly string[]): number {
  return Math.ceil(Math.max(0, ...lines.map((line) => line.length)) * characterWidth);
}

function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
