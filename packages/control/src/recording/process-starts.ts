import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { ProcessStart } from "@heddle/mesh/history/batch.ts";
import type { Observed } from "../host/link.ts";

export interface ProcessStartsOptions {
  readonly clock: Clock;
  /** Of this boot of the host. */
  readonly boot: string;
  /** Null: nobody knows the workload. */
  readonly workloadOf: (uid: string) => ProcessStart["workload"] | null;
  readonly onStart: (start: ProcessStart) => void;
}

/** Tells each start of an application once, from what the supervisor reports. */
export class ProcessStarts {
  readonly #options: ProcessStartsOptions;
  readonly #known = new Map<string, number>();

  constructor(options: ProcessStartsOptions) {
    this.#options = options;
  }

  observe({ workloads }: Observed): void {
    const { clock, boot, workloadOf, onStart } = this.#options;
    const present = new Set<string>();
    for (const { uid, app } of workloads) {
      present.add(uid);
      const atMs = app?.startedMs ?? null;
      const workload = atMs === null || this.#known.get(uid) === atMs ? null : workloadOf(uid);
      if (app === null || atMs === null || workload === null) continue;
      this.#known.set(uid, atMs);
      const wallMs = Math.round(clock.wallMs() - clock.monotonicMs() + atMs);
      onStart({ workload, atMs, boot, wallMs, restarts: app.restarts });
    }
    for (const uid of this.#known.keys()) if (!present.has(uid)) this.#known.delete(uid);
  }
}
