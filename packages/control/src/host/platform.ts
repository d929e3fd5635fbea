import { spawnSync } from "node:child_process";
import { accessSync, constants, readdirSync, readFileSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";

/** A process found by its environment. */
export interface FoundProcess {
  readonly pid: number;
  /** `NAME=value`, as the process was started with them. */
  readonly environment: ReadonlySet<string>;
}

/** Every difference between operating systems that the supervisor meets. */
export interface Platform {
  /** Put before an application's argv so that the kernel kills it with its parent; empty where there is no such program. */
  readonly deathSignalArgv: readonly string[];
  /** Longest path of a unix socket, in bytes. */
  readonly socketPathBytesMax: number;
  /** Ports that the kernel gives to outgoing connections: from first to last, both included. */
  readonly ephemeralPorts: { readonly first: number; readonly last: number };
  /** A POSIX shell command: prints the pids of processes whose environment holds `$marker`. */
  readonly findMarkedScript: string;
  /** A POSIX shell command: prints the pids of processes that live in one of `$sessions`, numbers between blanks. */
  readonly findSessionsScript: string;
  /** This user's processes that were started with a variable called `name`, apart from this very process. */
  findProcesses(name: string): Promise<readonly FoundProcess[]>;
  /** The processes that live in the session that `pid` began. */
  findSession(pid: number): Promise<readonly number[]>;
}

/** The platform that this process runs on. */
export function detectPlatform(): Platform {
  return process.platform === "darwin" ? darwin() : linux();
}

/** The file that `program` names, as a shell would find it in `path` from `cwd`; null where there is none. */
export function findProgram(program: string, path: string, cwd: string): string | null {
  if (program.includes("/")) return isProgram(resolve(cwd, program)) ? resolve(cwd, program) : null;
  for (const folder of path.split(delimiter)) {
    const file = join(isAbsolute(folder) ? folder : resolve(cwd, folder), program);
    if (isProgram(file)) return file;
  }
  return null;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function linux(): Platform {
  return {
    deathSignalArgv: findSetpriv(),
    socketPathBytesMax: 107, // unix(7): sun_path is 108 bytes, one for the end
    ephemeralPorts: readEphemeralPorts(),
    findMarkedScript: 'grep -lF -- "$marker" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3',
    // proc(5): the name in parentheses may hold anything; behind it are state, parent, group, session. No zombies.
    findSessionsScript: `cat /proc/[0-9]*/stat 2>/dev/null | awk -v wanted="$sessions" '{ pid = $1; sub(/^.*\\) /, ""); if ($1 != "Z" && index(wanted, " " $4 " ")) print pid }'`,
    async findProcesses(name) {
      const found = await Promise.all(listPids().map((pid) => readEnvironment(pid, name)));
      return found.filter((each) => each !== null && each.pid !== process.pid) as FoundProcess[];
    },
    async findSession(session) {
      const sessions = await Promise.all(listPids().map(readSession));
      return listed(sessions, session);
    },
  };
}

function darwin(): Platform {
  return {
    deathSignalArgv: [],
    socketPathBytesMax: 103,
    ephemeralPorts: { first: 49152, last: 65535 },
    // In the shell itself: a `grep` would carry the marker among its own arguments.
    findMarkedScript:
      'ps -Aww -E -o pid=,command= | while read -r pid rest; do case "$rest" in *"$marker"*) echo "$pid";; esac; done',
    // Here `ps` tells no sessions: process groups come near.
    findSessionsScript:
      'ps -A -o pid=,pgid= | while read -r pid group; do case "$sessions" in *" $group "*) echo "$pid";; esac; done',
    async findSession(session) {
      const ps = spawnSync("ps", ["-A", "-o", "pid=,pgid="], { encoding: "utf8" });
      const rows = (ps.stdout ?? "")
        .split("\n")
        .map((line) => line.trim().split(/\s+/).map(Number));
      return rows.flatMap(([pid, group]) => (group === session && pid !== undefined ? [pid] : []));
    },
    async findProcesses(name) {
      const ps = spawnSync("ps", ["-Aww", "-E", "-o", "pid=,command="], { encoding: "utf8" });
      return (ps.stdout ?? "").split("\n").flatMap((line) => {
        const [pid, ...words] = line.trim().split(/\s+/);
        const isFound = words.some((word) => word.startsWith(`${name}=`));
        if (!isFound || Number(pid) === process.pid) return [];
        return [{ pid: Number(pid), environment: new Set(words) }];
      });
    },
  };
}

/** util-linux has `--pdeathsig`, busybox has not: tried once. */
function findSetpriv(): readonly string[] {
  const setpriv = findProgram("setpriv", process.env["PATH"] ?? "/usr/bin:/bin", "/");
  if (setpriv === null) return [];
  const argv = ["--pdeathsig", "KILL", "--"];
  const tried = spawnSync(setpriv, [...argv, "true"], { stdio: "ignore", timeout: 5000 });
  return tried.status === 0 ? [setpriv, ...argv] : [];
}

function readEphemeralPorts(): { first: number; last: number } {
  try {
    const text = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8");
    const [first, last] = text.trim().split(/\s+/).map(Number);
    if (first !== undefined && last !== undefined) return { first, last };
  } catch {
    // A sandbox without /proc/sys: the kernel's default holds.
  }
  return { first: 32768, last: 60999 };
}

function listPids(): readonly number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

function listed(
  sessions: readonly (readonly [pid: number, session: number] | null)[],
  wanted: number,
): readonly number[] {
  return sessions.flatMap((each) => (each !== null && each[1] === wanted ? [each[0]] : []));
}

async function readSession(pid: number): Promise<readonly [pid: number, session: number] | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "latin1");
    const [state, , , session] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? null : [pid, Number(session)];
  } catch {
    return null;
  }
}

async function readEnvironment(pid: number, name: string): Promise<FoundProcess | null> {
  try {
    const text = await readFile(`/proc/${pid}/environ`, "latin1");
    if (!text.includes(`${name}=`)) return null;
    const environment = new Set(
      text.split("\0").map((each) => Buffer.from(each, "latin1").toString()),
    );
    for (const each of environment) if (each.startsWith(`${name}=`)) return { pid, environment };
    return null;
  } catch {
    return null; // gone, or another user's
  }
}
