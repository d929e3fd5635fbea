import { type ChildProcess, spawn } from "node:child_process";
import type { CapturePlace } from "./capture/place.ts";
import type { Platform } from "./platform.ts";

/** The sessions of the processes that run, each named by the pid of its first process. */
export interface Sessions {
  add(pid: number): void;
  /** All of it has ended: the number may be another's soon. */
  delete(pid: number): void;
}

/**
 * Ends what the supervisor started once the supervisor itself has ended, however it ended: a shell that reads a pipe
 * held by the supervisor alone and, at its end, kills whoever carries the run's marker in the environment (it may have
 * begun a session of its own) or is in a session that a process of ours began (it may have overwritten its
 * environment, as nginx does). It looks until nobody was found three times in a row, for a few seconds at most. Then it
 * takes away the kernel's rules for captured applications, if there are any, and ends.
 */
export class Janitor implements Sessions {
  readonly #platform: Platform;
  readonly #marker: string;
  readonly #sessions = new Set<number>();
  #place: CapturePlace | null = null;
  #child: ChildProcess | null = null;
  #isClosed = false;

  /** @param marker `NAME=value`, part of the environment of every process to end. */
  constructor(platform: Platform, marker: string) {
    this.#platform = platform;
    this.#marker = marker;
  }

  /** Starts it, and another one whenever it is killed. */
  start(): void {
    if (this.#isClosed) return;
    const child = spawn("/bin/sh", ["-c", script(this.#platform)], {
      // The marker goes in by the pipe: in argv or environment it would be found there.
      env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin" },
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.stdin!.on("error", () => undefined);
    child.on("error", () => undefined);
    child.on("exit", () => {
      if (child === this.#child) this.start();
    });
    child.unref();
    (child.stdin as unknown as { unref(): void }).unref();
    this.#child = child;
    this.#tell(this.#marker);
    for (const pid of this.#sessions) this.#tell(`+${pid}`);
    if (this.#place !== null) this.setPlace(this.#place);
  }

  add(pid: number): void {
    this.#sessions.add(pid);
    this.#tell(`+${pid}`);
  }

  delete(pid: number): void {
    if (this.#sessions.delete(pid)) this.#tell(`-${pid}`);
  }

  /** There are rules of ours in the kernel. */
  setPlace(place: CapturePlace): void {
    this.#place = place;
    this.#tell(`=${place.table} ${place.folder}`);
  }

  /** Lets it do its work now and end. Resolves when it has. */
  close(): Promise<void> {
    this.#isClosed = true;
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      child.ref();
      child.once("exit", () => resolve());
      child.stdin!.end();
    });
  }

  #tell(line: string): void {
    this.#child?.stdin?.write(`${line}\n`);
  }
}

function script({ findMarkedScript, findSessionsScript }: Platform): string {
  return `
trap '' INT TERM HUP
IFS= read -r marker
sessions=' '
table=
folder=
while IFS= read -r line; do
  number=\${line#?}
  case $line in
    =*) table=\${number%% *}; folder=\${number#* } ;;
    +*) sessions="$sessions$number " ;;
    -*) case $sessions in *" $number "*) sessions="\${sessions%%" $number "*} \${sessions#*" $number "}" ;; esac ;;
  esac
done
round=0
clean=0
while [ "$round" -lt 60 ] && [ "$clean" -lt 3 ]; do
  pids=$(${findMarkedScript}; ${findSessionsScript})
  if [ -z "$pids" ]; then clean=$((clean + 1)); else clean=0; kill -9 $pids 2>/dev/null; fi
  round=$((round + 1))
  sleep 0.05
done
round=0
if [ -n "$table" ] && [ -d "$folder" ]; then
  printf 'table inet %s {}\ndelete table inet %s\n' "$table" "$table" | nft -f - 2>/dev/null || exit 1
  while [ "$round" -lt 20 ] && [ -d "$folder" ]; do
    for each in "$folder"/w_*; do
      if [ -e "$each/cgroup.kill" ]; then echo 1 > "$each/cgroup.kill"; fi
      if [ -d "$each" ]; then rmdir "$each" 2>/dev/null; fi
    done
    rmdir "$folder" 2>/dev/null
    round=$((round + 1))
    sleep 0.05
  done
fi`;
}
