import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { placement } from "./c-placement.ts";
import { killed } from "./d-killed.ts";
import { noRetryElsewhere } from "./e-no-retry-elsewhere.ts";
import { paused } from "./g-paused.ts";
import { slides } from "./h-slides.ts";
import { isAsShown, shownOf } from "./page.fixture.ts";
import { Stage } from "./stage.ts";
import { type Scenario, type Told, tellOn } from "./tell.ts";

/** Scenarios that are told one after the other on one mesh: each has keys of its own, and those that lose some come last. */

const stage = new Stage();
vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 }); // of a busy machine; a few seconds else
beforeAll(() => stage.up("story/kvs.yaml"));
afterAll(() => stage.close());

/** What it says by itself begins with its title and its mesh. */
async function told(scenario: Scenario): Promise<Told> {
  const beginning = [scenario.title, ...stage.lines.slice(0, 2)];
  const { lines, refuted } = await tellOn(stage, scenario);
  return { lines: [...beginning, ...lines], refuted };
}

describe.each([
  ["c", placement],
  ["h", slides],
  ["g", paused],
  ["e", noRetryElsewhere],
  ["d", killed],
])("(%s)", (letter, scenario) => {
  test(scenario.title, async () => {
    const { lines, refuted } = await told(scenario);
    const text = lines.join("\n");
    expect(refuted, text).toEqual([]);
    expect(isAsShown(letter, lines), `${text}\n\nbut shown is\n${shownOf(letter).join("\n")}`).toBe(
      true,
    );
  });
});
