import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Names this boot of the machine: monotonic times of two boots say nothing about each other. Empty: the system does not. */
export function bootId(): string {
  try {
    if (process.platform === "linux") {
      return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    }
    const output = execFileSync("sysctl", ["-n", "kern.bootsessionuuid"], { encoding: "utf8" });
    return output.trim();
  } catch {
    return "";
  }
}
