import { runCount } from "../load/h2load.ts";
import { runWrk } from "../load/wrk.ts";
import { reasonOf } from "../rig/not-measured.ts";
import type { Rig } from "../rig/rig.ts";
import { connections, type Scenario } from "../scenario.ts";
import type { Lane } from "./lane.ts";
import { measureWindow, type Window } from "./window.ts";

/** Every round of one subject in one scenario, in order; null: that round was void. */
export interface Series {
  readonly windows: (Window | null)[];
  /** Why the first void round was void. */
  fault: string | null;
}

/** scenario name → subject name → series */
export type Measured = Map<string, Map<string, Series>>;

export interface RoundsResult {
  readonly measured: Measured;
  /** Requests per second asked for, by `rateKey`. */
  readonly rates: ReadonlyMap<string, number>;
}

/** Requests per second of a fixed-rate scenario where no closed loop could be run before it. */
const fallbackRate = 5000;

/** Runs all rounds, interleaved: in each round every subject of every scenario has one window, and the order turns
 *  from round to round, so that no subject always follows the same one and drift of the machine meets all alike. */
export async function runRounds(
  rig: Rig,
  lanes: readonly Lane[],
  scenarios: readonly Scenario[],
  options: {
    readonly rounds: number;
    readonly seconds: number;
    readonly progress: (line: string) => void;
  },
): Promise<RoundsResult> {
  const { rounds, seconds, progress } = options;
  const measured: Measured = new Map();
  await warmUp(lanes);
  const rates = await halfRates(lanes, scenarios, progress);
  for (let round = 0; round < rounds; round++) {
    for (const scenario of scenarios) {
      const takers = turned(
        lanes.filter((lane) => lane.subject.topology === scenario.topology),
        round,
      );
      const ratePerSecond = rates.get(rateKey(scenario)) ?? fallbackRate;
      for (const lane of takers) {
        const series = seriesOf(measured, scenario.name, lane.subject.name);
        try {
          series.windows.push(await measureWindow(rig, lane, scenario, { seconds, ratePerSecond }));
        } catch (thrown) {
          series.windows.push(null);
          series.fault ??= reasonOf(thrown);
          progress(`void: ${scenario.name} ${lane.subject.name}: ${reasonOf(thrown)}`);
        }
      }
    }
    progress(`round ${round + 1} of ${rounds}`);
  }
  return { measured, rates };
}

/** Requests to each proxy before the first round: a compiler at work is no part of the cost of a request. */
const warmUpRequests = 60_000;

async function warmUp(lanes: readonly Lane[]): Promise<void> {
  for (const { running } of lanes) {
    const { port, proxies } = running;
    if (proxies.length === 0) continue;
    await runCount({ port, requests: warmUpRequests, connections, secondsMax: 120 }).catch(() => {
      // Whatever is wrong with it voids its windows, and is told there.
    });
  }
}

/** The order of one round: turned by its number, every other one backwards. */
export function turned<T>(all: readonly T[], round: number): T[] {
  if (all.length === 0) return [];
  const at = round % all.length;
  const order = [...all.slice(at), ...all.slice(0, at)];
  return round % 2 === 0 ? order : order.reverse();
}

/** Half of what HAProxy, or else the first proxy there is, does in a closed loop: one short window for each load. */
async function halfRates(
  lanes: readonly Lane[],
  scenarios: readonly Scenario[],
  progress: (line: string) => void,
): Promise<ReadonlyMap<string, number>> {
  const rates = new Map<string, number>();
  for (const scenario of scenarios.filter(({ load }) => load === "rate")) {
    const takers = lanes.filter((lane) => lane.subject.topology === scenario.topology);
    const measure =
      takers.find((lane) => lane.subject.name === "haproxy-ring") ??
      takers.find((lane) => lane.running.proxies.length > 0);
    if (measure === undefined) continue;
    try {
      const { port } = measure.running;
      const result = await runWrk({ port, heads: scenario.heads, seconds: 1, connections });
      const rate = Math.round(result.requestsPerSecond / 2);
      rates.set(rateKey(scenario), rate);
      progress(`${scenario.name}: ${rate} requests/s, half of ${measure.subject.name}`);
    } catch (thrown) {
      progress(`${scenario.name}: no closed-loop rate to take half of: ${reasonOf(thrown)}`);
    }
  }
  return rates;
}

/** What fixed-rate scenarios share a rate by. */
export function rateKey(scenario: Pick<Scenario, "topology" | "heads">): string {
  return `${scenario.topology}/${scenario.heads}`;
}

function seriesOf(measured: Measured, scenario: string, subject: string): Series {
  let bySubject = measured.get(scenario);
  if (bySubject === undefined) measured.set(scenario, (bySubject = new Map()));
  let series = bySubject.get(subject);
  if (series === undefined) bySubject.set(subject, (series = { windows: [], fault: null }));
  return series;
}
