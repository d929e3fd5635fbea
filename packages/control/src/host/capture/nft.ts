import { spawn } from "node:child_process";
import { findProgram } from "../platform.ts";

/** Administrators' programs are often not on a service's PATH. */
const more = "/usr/sbin:/sbin:/usr/local/sbin";
/** Longer than this it has never taken; then it is given up, in ms. */
const timeoutMs = 10_000;

/** The program `nft`, or null where it is not installed. */
export function findNft(): string | null {
  return findProgram("nft", `${process.env["PATH"] ?? "/usr/bin:/bin"}:${more}`, "/");
}

/** Runs one transaction: all of `ruleset`, or nothing. Null, or why it was refused. */
export function applyRuleset(nft: string, ruleset: string): Promise<string | null> {
  return runNft(nft, ["-f", "-"], ruleset);
}

/** Null, or why it could not. */
export function runNft(
  nft: string,
  argv: readonly string[],
  input: string,
): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(nft, argv, { stdio: ["pipe", "ignore", "pipe"], timeout: timeoutMs });
    let errors = "";
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (text: string) => {
      if (errors.length < 4096) errors += text;
    });
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => {
      const [first = ""] = errors.trim().split("\n");
      resolve(code === 0 ? null : `nft: ${first || (signal ?? `exit code ${code}`)}`);
    });
    child.stdin.on("error", () => undefined); // it has ended, and says why
    child.stdin.end(input);
  });
}
