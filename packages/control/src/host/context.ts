import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { Capture } from "./capture/capture.ts";
import type { Sessions } from "./janitor.ts";
import type { LogStream } from "./log-file.ts";
import type { Platform } from "./platform.ts";
import type { PortBook } from "./ports.ts";
import type { SocketTable } from "./socket-table.ts";

/** What every process of one run of the supervisor shares. */
export interface HostContext {
  readonly clock: Clock;
  readonly platform: Platform;
  readonly sockets: SocketTable;
  readonly ports: PortBook;
  /** The mesh's state folder. */
  readonly stateDir: string;
  /** Names this run; part of the marker by which what it started is found. */
  readonly runId: string;
  /** argv of a proxy. */
  readonly proxyCommand: readonly string[];
  /** Environment that applications inherit. */
  readonly appEnv: Readonly<Record<string, string>>;
  /** Environment of heddle's own processes. */
  readonly ownEnv: Readonly<Record<string, string>>;
  /** Told of every process that is started, for when we cannot end it ourselves. */
  readonly sessions: Sessions;
  readonly capture: Capture;
  readonly events: HostContextEvents;
}

export interface HostContextEvents {
  onChange(): void;
  onTokenWanted(workloadUid: string, keyFingerprint: string): void;
  /** Something people want to know of: a process ended, a proxy was replaced. */
  onRemark(workloadUid: string, message: string): void;
  onLine(workloadUid: string, part: "app" | "proxy", stream: LogStream, line: string): void;
}

/** Variable that marks a process as started by a supervisor: `<run>/<workload uid>/<part>`. */
export const runVariable = "HEDDLE_RUN";

/** The marker's value for one part of one workload. */
export function runMark(runId: string, workloadUid: string, part: string): string {
  return `${runId}/${workloadUid}/${part}`;
}

/**
 * Kills what a process left behind: all that carry its `mark`, all in the session it began, and what they start
 * meanwhile. Gives up after ten rounds.
 */
export async function killLeft(platform: Platform, mark: string, session: number): Promise<void> {
  for (let round = 0; round < 10; round++) {
    const all = await platform.findProcesses(runVariable);
    const marked = all.filter((each) => each.environment.has(`${runVariable}=${mark}`));
    const found = [...marked.map(({ pid }) => pid), ...(await platform.findSession(session))];
    if (found.length === 0) return;
    for (const pid of found) killPid(pid);
  }
}

/** SIGKILL to one process, if it is still there. */
export function killPid(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
