import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import type { Rng } from "@heddle/mesh/base/rng.ts";

export type SignalFault = "kill" | "pause";

/** A process of the service that may be hit. */
export interface Victim {
  readonly workload: string;
  readonly pid: number;
}

export interface SignalOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly kinds: readonly SignalFault[];
  /** The processes that run now: a restarted one has another pid. */
  readonly victims: () => Promise<readonly Victim[]>;
  /** To a process and what it has started. Gone is no error. */
  readonly send: (pid: number, signal: NodeJS.Signals) => void;
}

/** What was done to a process. */
export interface Strike {
  readonly kind: SignalFault;
  readonly workload: string;
  /** Monotonic ms. */
  readonly atMs: number;
  /** Of a pause, in ms; 0: a kill. */
  readonly forMs: number;
}

/** Time before the first strike and between two, in ms: drawn evenly. */
const BETWEEN_MS = [1000, 3000] as const;
/** Length of a pause, in ms: shorter and longer than what a Placement waits for a process (2 s). */
const PAUSE_MS = [200, 3000] as const;

/** Kills and pauses processes at times drawn from a seed. What it has paused goes on when it stops, come what may. */
export class Signals {
  readonly #options: SignalOptions;
  readonly #paused = new Map<number, Timer>();
  readonly #strikes: Strike[] = [];
  #timer: Timer | null = null;
  #isStopped = false;

  constructor(options: SignalOptions) {
    this.#options = options;
  }

  get strikes(): readonly Strike[] {
    return this.#strikes;
  }

  start(): void {
    const { clock, rng } = this.#options;
    if (this.#options.kinds.length === 0 || this.#isStopped) return;
    this.#timer = clock.after(between(rng, BETWEEN_MS), () => void this.#strike());
  }

  /** No strike follows, and nothing stays paused. Safe to call twice, and as a process ends. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const pid of [...this.#paused.keys()]) this.#resume(pid);
  }

  async #strike(): Promise<void> {
    const { clock, rng, kinds, victims, send } = this.#options;
    const kind = kinds[rng.below(kinds.length)]!;
    const draw = rng.float();
    const forMs = kind === "kill" ? 0 : between(rng, PAUSE_MS);
    const running = await victims().catch((): readonly Victim[] => []);
    const victim = running[Math.floor(draw * running.length)];
    if (victim !== undefined && !this.#isStopped && !this.#paused.has(victim.pid)) {
      const { workload, pid } = victim;
      this.#strikes.push({ kind, workload, atMs: clock.monotonicMs(), forMs });
      send(pid, kind === "kill" ? "SIGKILL" : "SIGSTOP");
      if (kind === "pause")
        this.#paused.set(
          pid,
          clock.after(forMs, () => this.#resume(pid)),
        );
    }
    this.start();
  }

  #resume(pid: number): void {
    this.#paused.get(pid)?.cancel();
    this.#paused.delete(pid);
    this.#options.send(pid, "SIGCONT");
  }
}

/** To the process's group, which is its own, so that what it has started is hit with it. Gone is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
      return;
    } catch {
      // gone meanwhile, or no group of its own
    }
  }
}

function between(rng: Rng, [from, to]: readonly [number, number]): number {
  return from + rng.float() * (to - from);
}
