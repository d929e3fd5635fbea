import { describe, expect, test } from "vitest";
import {
  attempt,
  batchOf,
  inboundExchange,
  operation,
  outboundExchange,
} from "../../test/support/recorded.ts";
import { conversationsOf } from "./conversations.ts";
import { layoutDiagram } from "./diagram.ts";
import { drawSvg } from "./diagram-svg.ts";
import { drawText } from "./diagram-text.ts";
import { historiesOf } from "./histories.ts";
import { globalView } from "./merge.ts";

const got = operation("1", null, "a");
const one = globalView(
  historiesOf([
    batchOf("e", [outboundExchange({ operation: got })]),
    batchOf("kvs-1", [inboundExchange({ operation: got })]),
  ]),
);
const two = globalView(
  historiesOf([
    batchOf("e", [outboundExchange(), outboundExchange({ id: 2, seq: 5, atMs: 200 })]),
    batchOf("kvs-1", [inboundExchange(), inboundExchange({ id: 2, seq: 5, atMs: 202 })]),
  ]),
);
/** A request that never arrived, and an answer made by the proxy. */
const lost = globalView(
  historiesOf([
    batchOf("e", [
      outboundExchange({
        attempts: [attempt({ replySeq: 0, reason: "reset" })],
        status: 502,
        reason: "reset",
        origin: "proxy",
      }),
    ]),
  ]),
);

test("a diagram in the terminal: four lanes, six messages, the legend beside them", () => {
  expect(drawText(layoutDiagram(one))).toBe(`\
e            ──●M1────────────────────────────────────────○M6──▶
e/proxy      ─────○M1──●M2────────────────────────○M5──●M6─────▶        ● Send   ○ Recv
kvs-1/proxy  ─────────────○M2──●M3────────○M4──●M5─────────────▶        M1 M2 M3 Get(1)   M4 M5 M6 "a"
kvs-1        ─────────────────────○M3──●M4─────────────────────▶
`);
});

test("numbers have as many figures as they need, and the legend goes below where it does not fit", () => {
  const text = drawText(layoutDiagram(two), 140);
  const [lanes, legend] = text.split("\n\n");
  expect(lanes!.split("\n")).toHaveLength(4);
  expect(new Set(lanes!.split("\n").map((line) => line.length)).size).toBe(1);
  expect(lanes).toContain("○M9──●M10");
  expect(legend).toBe(`\
● Send   ○ Recv
M1 M2 M3 GET /1   M4 M5 M6 200
M7 M8 M9 GET /1   M10 M11 M12 200
`);
});

test("in a narrow terminal it goes on below", () => {
  const text = drawText(layoutDiagram(two), 60);
  const bands = text.split("\n\n");
  expect(bands.length).toBe(4);
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(60);
  expect(text.match(/●M\d+/g)).toHaveLength(12);
  expect(text.match(/○M\d+/g)).toHaveLength(12);
});

test("a message that was not received has one mark", () => {
  expect(drawText(layoutDiagram(lost))).toBe(`\
e        ──●M1─────────────○M3──▶
e/proxy  ─────○M1──●M2──●M3─────▶

● Send   ○ Recv
M1 M2 GET /1   M3 502 reset
`);
});

test("conversations are apart: proxies link what belongs together, and nothing else", () => {
  expect(conversationsOf(two).map(({ events }) => events.length)).toEqual([12, 12]);
});

describe("as SVG", () => {
  test("it has an arrow for each message, a title for each mark, and nothing from elsewhere", () => {
    const svg = drawSvg(layoutDiagram(one));
    expect(svg.match(/class="message request"/g)).toHaveLength(3);
    expect(svg.match(/class="message reply"/g)).toHaveLength(3);
    expect(svg.match(/<circle/g)).toHaveLength(12);
    expect(svg).toContain(
      "<title>Send•M1 at default/e (127.0.0.1:5001), inferred by default/e/proxy",
    );
    expect(svg).not.toMatch(/href|url\((?!#)|<script|@import|@font-face/);
  });

  test("a lost message ends in a cross", () => {
    expect(drawSvg(layoutDiagram(lost)).match(/class="lost"/g)).toHaveLength(1);
  });

  test("what was recorded cannot break out of its text", () => {
    const path = '/<script>&"';
    const batch = batchOf("e", [outboundExchange({ path })]);
    const svg = drawSvg(layoutDiagram(globalView(historiesOf([batch]))));
    expect(svg).toContain("GET /&lt;script&gt;&amp;&quot;");
    expect(svg).not.toContain("<script");
  });
});
