import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { ReadinessProbe } from "./link.ts";
import type { ProbeResult } from "./probe.ts";

/** Between probes of a process that has never been ready, in ms: it is asked often, so that it serves soon. */
const STARTING_PERIOD_MS = 50;
const STARTING_PERIOD_MAX_MS = 1000;

export interface ProberOptions {
  readonly probe: Pick<
    ReadinessProbe,
    "periodMs" | "timeoutMs" | "failureThreshold" | "successThreshold"
  >;
  /** Asks once; it bounds its own time by `timeoutMs`. A promise that is rejected is a no. */
  readonly ask: (timeoutMs: number) => Promise<ProbeResult>;
  /** Stop asking after the first success? So it is where nobody asked for a probe. */
  readonly isOnce: boolean;
  readonly onResult: (ready: boolean, reason: string | null) => void;
  readonly clock: Clock;
}

/** Asks one running process again and again whether it is ready; thresholds as in Kubernetes. */
export class Prober {
  readonly #options: ProberOptions;
  #timer: Timer | null = null;
  #isClosed = false;
  #isReady = false;
  #wasReady = false;
  #inARow = 0;
  #waitMs = STARTING_PERIOD_MS;

  constructor(options: ProberOptions) {
    this.#options = options;
    void this.#ask();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  async #ask(): Promise<void> {
    const { probe, ask, clock, isOnce } = this.#options;
    // What cannot even be asked (a path that HTTP does not know) is a no.
    const result = await ask(probe.timeoutMs).catch((error) => (error as Error).message);
    if (this.#isClosed) return;
    this.#judge(result);
    if (isOnce && this.#isReady) return;
    this.#timer = clock.after(this.#nextMs(), () => void this.#ask());
  }

  #judge(result: ProbeResult): void {
    const { probe, onResult } = this.#options;
    const isYes = result === null;
    if (isYes === this.#isReady) {
      this.#inARow = 0;
      if (!isYes && !this.#wasReady) onResult(false, `readiness: ${result}`);
      return;
    }
    this.#inARow++;
    if (this.#inARow < (isYes ? probe.successThreshold : probe.failureThreshold)) return;
    this.#inARow = 0;
    this.#isReady = isYes;
    this.#wasReady ||= isYes;
    onResult(isYes, isYes ? null : `readiness: ${result}`);
  }

  #nextMs(): number {
    const { periodMs } = this.#options.probe;
    if (this.#wasReady) return periodMs;
    const waitMs = Math.min(this.#waitMs, periodMs);
    this.#waitMs = Math.min(STARTING_PERIOD_MAX_MS, this.#waitMs * 1.5);
    return waitMs;
  }
}
