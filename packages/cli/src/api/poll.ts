import type { Clock } from "@heddle/mesh/base/clock.ts";

export interface PollOptions {
  readonly clock: Clock;
  /** Between two tries, in ms. */
  readonly everyMs: number;
  /** How long to try, in ms. */
  readonly forMs: number;
}

/** Tries until it gives something, or null when the time is over. */
export async function poll<T>(
  options: PollOptions,
  attempt: () => Promise<T | null>,
): Promise<T | null> {
  const { clock, everyMs, forMs } = options;
  const endMs = clock.monotonicMs() + forMs;
  for (;;) {
    const found = await attempt();
    if (found !== null) return found;
    if (clock.monotonicMs() >= endMs) return null;
    await new Promise<void>((resolve) => clock.after(everyMs, resolve));
  }
}
