import { spawnSync } from "node:child_process";
import { isAbsolute } from "node:path";
import { findProgram } from "@heddle/control/host/platform.ts";
import { NotMeasured } from "./not-measured.ts";

/** Debian's package for each program the bench calls, for the hint in the reason. */
const packages: Readonly<Record<string, string>> = {
  gcc: "gcc libc6-dev",
  h2load: "nghttp2-client",
  haproxy: "haproxy",
  nginx: "nginx-light",
  openssl: "openssl",
  taskset: "util-linux",
  wrk: "wrk",
};

/** Where `tool` is, or null. /usr/sbin is looked at too, where a user's PATH often does not point. */
export function findTool(tool: string): string | null {
  return findProgram(tool, `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`, "/");
}

/** Where `tool` is. Throws NotMeasured with what to install. */
export function needTool(tool: string): string {
  const path = findTool(tool);
  if (path === null) {
    throw new NotMeasured(`${tool} is not installed (apt-get install ${packages[tool] ?? tool})`);
  }
  return path;
}

/** Runs a tool to its end, within a minute. Throws NotMeasured with its last words if it fails. */
export function runTool(command: readonly string[]): string {
  const [tool = "", ...rest] = command;
  const done = spawnSync(isAbsolute(tool) ? tool : needTool(tool), rest, {
    encoding: "utf8",
    timeout: 60_000,
  });
  if (done.status !== 0) {
    const words = done.error?.message ?? (done.stderr.trim() || done.stdout.trim());
    throw new NotMeasured(`${tool} failed: ${words.slice(-500)}`);
  }
  return done.stdout;
}
