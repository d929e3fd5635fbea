import type { VerdictReport } from "@heddle/control/api/verbs.ts";
import type { Verdict } from "@heddle/mesh/contract/verdict.ts";
import { RecordedWindow } from "./recorded-window.ts";
import { parseSince } from "./since.ts";
import { mustBeSeen } from "./unseen.ts";
import type { ServiceOptions } from "./verify-options.ts";
import { asJson, report } from "./verify-report.ts";
import type { Subject } from "./verify-subject.ts";
import type { World } from "./world.ts";

/** Between two checks, in ms. */
const EVERY_MS = 3000;
/** What is judged reaches back so far, in ms: keys begin there unknown. */
const WINDOW_MS = 60_000;
/** More exchanges than this shorten the window. */
const WINDOW_EXCHANGES_MAX = 200_000;

/** `verify <service> --watch`: judges what comes, tells when the verdict changes, and reports it to the control plane. */
export async function verifyWatching(
  world: World,
  subject: Subject,
  options: ServiceOptions,
): Promise<void> {
  const { clock } = world;
  await mustBeSeen(subject.api);
  const stop = new AbortController();
  const end = () => stop.abort();
  process.once("SIGINT", end).once("SIGTERM", end);
  const sinceWallMs = parseSince(options.since, clock.wallMs()) ?? clock.wallMs();
  const window = await RecordedWindow.open(world, subject, {
    sinceWallMs,
    last: options.last ?? null,
    key: options.key ?? null,
  });
  const watch = new Watch(world, subject, window, options.output);
  const looking = watch.run(stop.signal);
  try {
    await window.read({ since: String(sinceWallMs), follow: "true" }, stop.signal);
  } finally {
    stop.abort();
    await looking;
  }
}

class Watch {
  readonly #world: World;
  readonly #subject: Subject;
  readonly #window: RecordedWindow;
  readonly #output: "table" | "json";
  #word: Verdict["verdict"] | null = null;
  #told: string | null = null;

  constructor(world: World, subject: Subject, window: RecordedWindow, output: "table" | "json") {
    this.#world = world;
    this.#subject = subject;
    this.#window = window;
    this.#output = output;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#world;
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = clock.after(EVERY_MS, resolve);
        signal.addEventListener("abort", () => {
          timer.cancel();
          resolve();
        });
      });
      if (!signal.aborted) await this.#look();
    }
  }

  async #look(): Promise<void> {
    const about = this.#window.judge();
    const { verdict } = about;
    if (verdict.verdict !== this.#word) {
      this.#word = verdict.verdict;
      await report(this.#world, this.#subject, about, this.#output);
    }
    // The control plane also hears of keys that are violated now and were not.
    const told = `${verdict.verdict} ${verdict.violatedKeys.join(" ")}`;
    if (told !== this.#told) await this.#tell(verdict);
    this.#told = told;
    const { clock } = this.#world;
    const isFull = this.#window.size > WINDOW_EXCHANGES_MAX;
    this.#window.moveTo(clock.wallMs() - (isFull ? WINDOW_MS / 4 : WINDOW_MS));
  }

  /** A condition on the Contract, a metric, and an Event where people shall know. */
  async #tell(verdict: Verdict): Promise<void> {
    const { api, row } = this.#subject;
    const body: VerdictReport = {
      namespace: row.namespace,
      contract: row.name,
      verdict: JSON.parse(asJson(verdict)) as Verdict,
    };
    await api.verb("verdicts", { method: "POST", body });
  }
}
