import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import { parseNameservers } from "@heddle/mesh/proxy/nameservers.ts";
import { findNft, runNft } from "./nft.ts";
import { findCgroupRoot } from "./place.ts";

/** What keeps this machine from `capture: transparent`, and what to do about it. */
export interface Obstacle {
  readonly problem: string;
  readonly cure: string;
}

/** `nft is not installed; apt-get install nftables`. */
export function formatObstacle({ problem, cure }: Obstacle): string {
  return `${problem}; ${cure}`;
}

/** The first thing that is missing, or null. Changes nothing. */
export async function obstacleToCapture(): Promise<Obstacle | null> {
  if (process.platform !== "linux") {
    return { problem: "it needs Linux", cure: "use capture: none, and the environment" };
  }
  if (process.geteuid?.() !== 0) {
    return { problem: "it needs root", cure: "run heddle up as root, or use capture: none" };
  }
  const nft = findNft();
  if (nft === null) return { problem: "nft is not installed", cure: "apt-get install nftables" };
  const refused = await runNft(nft, ["list", "tables"], "");
  if (refused !== null) {
    return { problem: refused, cure: "modprobe nf_tables, or give CAP_NET_ADMIN" };
  }
  return obstacleOfCgroups() ?? obstacleOfNameservers();
}

function obstacleOfCgroups(): Obstacle | null {
  const root = findCgroupRoot();
  if (root === null) {
    const cure = "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 none /sys/fs/cgroup/unified";
    return { problem: "cgroup v2 is not mounted below /sys/fs/cgroup", cure };
  }
  const folder = join(root, `heddle_probe_${process.pid}`);
  try {
    mkdirSync(folder);
    rmdirSync(folder);
    return null;
  } catch (error) {
    const cure = "mount it for writing (in a container: --privileged)";
    return { problem: `no cgroup can be made: ${(error as Error).message}`, cure };
  }
}

/** Questions that go to IPv6 servers are refused, so that the next one is asked; there must be a next one. */
function obstacleOfNameservers(): Obstacle | null {
  const servers = parseNameservers(textOf("/etc/resolv.conf"));
  if (servers.some((server) => isIPv4(server))) return null;
  return {
    problem: `all nameservers are of IPv6 (${servers.join(", ")})`,
    cure: "add one of IPv4 to /etc/resolv.conf",
  };
}

/** What lets names go past the proxy although all is there: programs then do not find services by name. */
export function detoursOfNames(): readonly string[] {
  const detours: string[] = [];
  if (existsSync("/var/run/nscd/socket")) {
    detours.push("nscd answers names for programs, outside their cgroup: stop it");
  }
  const hosts = /^\s*hosts:(.*)$/m.exec(textOf("/etc/nsswitch.conf"))?.[1] ?? "";
  const order = hosts.trim().split(/\s+/);
  const resolve = order.indexOf("resolve");
  const dns = order.indexOf("dns");
  const isFirst = resolve !== -1 && (dns === -1 || resolve < dns);
  if (isFirst && existsSync("/run/systemd/resolve/io.systemd.Resolve")) {
    detours.push(
      'systemd-resolved answers names for programs, outside their cgroup: take "resolve" off "hosts:" in /etc/nsswitch.conf',
    );
  }
  return detours;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
