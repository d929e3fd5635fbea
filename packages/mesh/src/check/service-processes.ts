import { namespacedName } from "../resource/meta.ts";
import { type Evidence, type IntentState, resourcesOf } from "./evidence.ts";
import { type Members, membersIn, membersOf, processOf } from "./members.ts";
import type { Seen } from "./records.ts";
import { Timeline } from "./timeline.ts";

/** Names of the Processes that realise each service. */
export type Processes = Readonly<Record<string, readonly string[]>>;

/** Who was meant to be a process of which service, and when. */
export class ServiceProcesses {
  readonly #evidence: Evidence;
  readonly #timeline: Timeline<Processes>;
  readonly #members = new Map<IntentState, readonly Members[]>();

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    this.#timeline = new Timeline(evidence, processesIn);
  }

  /** Every service that was ever meant. */
  get services(): ReadonlySet<string> {
    return new Set(this.#timeline.periods.flatMap(({ value }) => Object.keys(value)));
  }

  /** As it was meant all the while; null while intent was changing. */
  during({ startWallMs, endWallMs }: Seen): Processes | null {
    return this.#timeline.during(startWallMs, endWallMs)?.value ?? null;
  }

  /** Was `workload` meant to answer for `service` then? Null: intent does not say, or was changing. */
  isOf(workload: string, service: string, seen: Seen): boolean | null {
    const processes = this.during(seen);
    if (processes === null) return null;
    const { intent } = this.#evidence;
    const state = intent.findLast(({ fromWallMs }) => fromWallMs <= seen.startWallMs) ?? intent[0];
    if (state === undefined) return null;
    const process = processOf(workload, this.#membersIn(state), this.#evidence)?.process;
    const meant = processes[service];
    return process === undefined || meant === undefined ? null : meant.includes(process);
  }

  #membersIn(state: IntentState): readonly Members[] {
    let members = this.#members.get(state);
    if (members === undefined) this.#members.set(state, (members = membersIn(state)));
    return members;
  }
}

function processesIn(state: IntentState): Processes {
  const members = membersIn(state);
  return Object.fromEntries(
    resourcesOf(state, "Service").map((service) => [
      namespacedName(service),
      membersOf(service, members).map(({ process }) => process),
    ]),
  );
}
