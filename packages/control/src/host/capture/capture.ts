import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";
import { type CaptureSpec, capturePrefix } from "../link.ts";
import type { SocketTable } from "../socket-table.ts";
import { enterCgroupArgv, makeCgroup, removeCgroup } from "./cgroup.ts";
import { applyRuleset, findNft, runNft } from "./nft.ts";
import { formatObstacle, obstacleToCapture } from "./obstacle.ts";
import { type CapturePlace, capturePlace, findCgroupRoot } from "./place.ts";
import { type CapturedWorkload, formatRemoval, formatRuleset } from "./ruleset.ts";

export interface CaptureOptions {
  readonly stateDir: string;
  readonly sockets: SocketTable;
  readonly clock: Clock;
  /** There are rules now, which somebody must take away once we cannot. */
  readonly onPlace: (place: CapturePlace) => void;
  /** Rules of workloads that run were gone, or could not be brought up to date. */
  readonly onProblem: (message: string) => void;
}

/** It is looked whether the rules are still there so often, in ms: `nft flush ruleset` takes everybody's away. */
const lookMs = 5000;

/**
 * The kernel's rules for the captured workloads of one mesh: a table of nftables and a cgroup for each workload. Rules are
 * there before the application's first instruction, follow the sockets, and go with the mesh. A transaction replaces all of
 * them; one is under way at a time, and what changes meanwhile goes into the next.
 */
export class Capture {
  readonly #options: CaptureOptions;
  readonly #specs = new Map<string, CaptureSpec>();
  #place: CapturePlace | null = null;
  /** As the kernel has it; null: no table. */
  #applied: string | null = null;
  #running: Promise<string | null> | null = null;
  #look: Timer | null = null;
  #isClosed = false;

  constructor(options: CaptureOptions) {
    this.#options = options;
  }

  /** The rules hold for workload `uid` from now on: what to put before its command, or why it must not start. */
  async enter(
    uid: string,
    spec: CaptureSpec,
  ): Promise<{ readonly argv: readonly string[] } | { readonly problem: string }> {
    const obstacle = this.#place === null ? await obstacleToCapture() : null;
    if (obstacle !== null) return { problem: `${capturePrefix}${formatObstacle(obstacle)}` };
    const missing = [spec.names.tcp, spec.names.udp].find((name) => this.#portOf(name) === null);
    if (missing !== undefined) {
      const reason = this.#options.sockets.failure(missing) ?? `no socket ${missing} yet`;
      return { problem: `${capturePrefix}${reason}` };
    }
    this.#place ??= capturePlace(this.#options.stateDir, findCgroupRoot()!);
    this.#options.onPlace(this.#place);
    const folder = join(this.#place.folder, nameOf(uid));
    try {
      makeCgroup(folder);
    } catch (error) {
      return { problem: `${capturePrefix}${(error as Error).message}` };
    }
    this.#specs.set(uid, spec);
    const problem = await this.#apply();
    this.#look ??= this.#options.clock.after(lookMs, () => void this.#lookAfter());
    if (problem === null) return { argv: enterCgroupArgv(folder) };
    this.#specs.delete(uid);
    return { problem: `${capturePrefix}${problem}` };
  }

  /** Put before a command's argv, that command is captured as the workload is; empty where it is not. */
  argvFor(uid: string): readonly string[] {
    if (this.#place === null || !this.#specs.has(uid)) return [];
    return enterCgroupArgv(join(this.#place.folder, nameOf(uid)));
  }

  /** Services have come or gone. */
  update(uid: string, spec: CaptureSpec): void {
    if (!this.#specs.has(uid)) return;
    this.#specs.set(uid, spec);
    this.refresh();
  }

  /** Sockets may have been bound or let go. */
  refresh(): void {
    if (this.#place === null) return;
    void this.#apply().then((problem) => {
      if (problem !== null) this.#options.onProblem(`${capturePrefix}${problem}`);
    });
  }

  /** The application is gone for good. */
  async leave(uid: string): Promise<void> {
    if (this.#place === null || !this.#specs.delete(uid)) return;
    await this.#apply();
    await removeCgroup(join(this.#place.folder, nameOf(uid)), (delayMs) => this.#pause(delayMs));
  }

  /** The mesh ends: nothing remains. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#specs.clear();
    this.#look?.cancel();
    await this.#running;
    if (this.#place !== null) await sweepPlace(this.#place, (delayMs) => this.#pause(delayMs));
    this.#place = null;
  }

  /** Makes the rules again if somebody took them away. */
  async #lookAfter(): Promise<void> {
    const nft = findNft();
    const { table = "" } = this.#place ?? {};
    const isMeant = () =>
      nft !== null && !this.#isClosed && this.#running === null && this.#applied !== null;
    const missing = isMeant()
      ? await runNft(nft!, ["list", "chain", "inet", table, "nat"], "")
      : null;
    if (missing !== null && isMeant()) {
      this.#applied = "";
      this.#options.onProblem(`${capturePrefix}its rules were taken away; they are made again`);
      this.refresh();
    }
    if (this.#isClosed) return;
    this.#look = this.#options.clock.after(lookMs, () => void this.#lookAfter());
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(delayMs, resolve));
  }

  /** Brings the kernel up to date. Null, or why it could not: then it has what it had before. */
  async #apply(): Promise<string | null> {
    while (this.#running !== null) await this.#running;
    const place = this.#place;
    const ruleset = place === null ? null : this.#ruleset(place);
    if (place === null || ruleset === this.#applied) return null;
    const nft = findNft();
    if (nft === null) return "nft is not installed any more";
    this.#running = applyRuleset(nft, ruleset ?? formatRemoval(place));
    const problem = await this.#running;
    this.#running = null;
    if (problem === null) this.#applied = ruleset;
    return problem;
  }

  /** Null: nobody is captured. */
  #ruleset(place: CapturePlace): string | null {
    const workloads = [...this.#specs].sort(([a], [b]) => (a < b ? -1 : 1));
    if (workloads.length === 0) return null;
    return formatRuleset(
      place,
      workloads.map(([uid, spec]) => this.#describe(uid, spec)),
    );
  }

  #describe(uid: string, { redirects, names }: CaptureSpec): CapturedWorkload {
    return {
      name: nameOf(uid),
      redirects: redirects.flatMap(({ address, port, socket }) => {
        const to = this.#portOf(socket);
        return to === null ? [] : [{ address, port, to }];
      }),
      names: { tcp: this.#portOf(names.tcp) ?? 9, udp: this.#portOf(names.udp) ?? 9 },
    };
  }

  #portOf(socket: string): number | null {
    return this.#options.sockets.get(socket)?.port ?? null;
  }
}

/**
 * Takes away what a supervisor of `stateDir` that was killed left in the kernel. Its rules match its own cgroups alone, so
 * they did nothing meanwhile. Null, or why it could not.
 */
export async function sweepCapture(
  stateDir: string,
  pause: (delayMs: number) => Promise<void>,
): Promise<string | null> {
  const root = findCgroupRoot();
  if (root === null || !existsSync(stateDir)) return null;
  const place = capturePlace(stateDir, root);
  // The cgroup is made before the table and goes after it.
  return existsSync(place.folder) ? sweepPlace(place, pause) : null;
}

async function sweepPlace(
  place: CapturePlace,
  pause: (delayMs: number) => Promise<void>,
): Promise<string | null> {
  const nft = findNft();
  const problem = nft === null ? null : await applyRuleset(nft, formatRemoval(place));
  return problem ?? removeCgroup(place.folder, pause);
}

/** A uid is a DNS label; names in nftables have no dash. */
function nameOf(uid: string): string {
  return `w_${uid.replaceAll("-", "_")}`;
}
