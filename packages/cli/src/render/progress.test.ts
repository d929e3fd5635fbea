import { expect, test } from "vitest";
import { formatStep, formatTitle, Progress, type Step } from "./progress.ts";
import { buildStyle } from "./style.ts";

const style = buildStyle(false);
const look = { columns: 100, style, nameWidth: 14, frame: 0 };
const step = (name: string, state: Step["state"], detail: string, tookMs: number): Step => ({
  name,
  state,
  detail,
  tookMs,
});

function terminal(isTerminal: boolean) {
  const written: string[] = [];
  const write = (text: string) => void written.push(text);
  return { written, isTerminal, columns: 100, style, write };
}

test("names, details and times stand in columns", () => {
  const lines = [
    formatTitle("heddle 0.1.0  examples/kvs/mesh.yaml", "state in examples/kvs/.heddle", 100),
    formatStep(step("control plane", "good", "API 127.0.0.1:40771", 600), look),
    formatStep(step("kvs", "waiting", "1/3  kvs-1 readiness: connection refused", 1400), look),
    formatStep(step("recommendation", "bad", "0/2", 60_000), look),
  ];
  expect(lines.join("\n")).toBe(
    `\
heddle 0.1.0  examples/kvs/mesh.yaml                                 state in examples/kvs/.heddle
 ✔ control plane   API 127.0.0.1:40771                                                       0.6 s
 ⠋ kvs             1/3  kvs-1 readiness: connection refused                                  1.4 s
 ✘ recommendation  0/2                                                                      60.0 s`,
  );
});

test("a detail that does not fit is cut", () => {
  const line = formatStep(step("kvs", "good", "x".repeat(200), 1), { ...look, columns: 60 });
  expect(line.length).toBe(59);
  expect(line).toContain("…");
});

test("where there is no terminal each step is written once, when it is done", () => {
  const output = terminal(false);
  const progress = new Progress(output, ["kvs"]);
  progress.draw([step("control plane", "waiting", "", 1)]);
  progress.draw([step("control plane", "good", "", 2), step("kvs", "waiting", "0/1", 3)]);
  progress.draw([step("control plane", "good", "", 2), step("kvs", "good", "1/1", 4)]);
  const names = output.written
    .join("")
    .split("\n")
    .map((line) => line.trim().split("  ")[0]);
  expect(names).toEqual(["✔ control plane", "✔ kvs", ""]);
});

test("on a terminal what waits is drawn again in its place", () => {
  const output = terminal(true);
  const progress = new Progress(output, ["kvs", "visitor"]);
  const waiting = [step("kvs", "waiting", "", 1), step("visitor", "waiting", "", 1)];
  progress.draw(waiting);
  progress.draw([step("kvs", "good", "", 2), waiting[1]!]);
  expect(output.written[1]).toMatch(/^\x1b\[2A\x1b\[J ✔ kvs .*\n ⠙ visitor .*\n$/);
  progress.clear();
  expect(output.written[2]).toBe("\x1b[1A\x1b[J");
});
