import { spawn } from "node:child_process";
import { isAbsolute } from "node:path";
import { needTool } from "../rig/tools.ts";

/** Runs a load generator to its end, at most `seconds` + 30, and returns its stdout. The harness sleeps meanwhile. */
export function runLoad(command: readonly string[], seconds: number): Promise<string> {
  const [tool = "", ...rest] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(isAbsolute(tool) ? tool : needTool(tool), rest, {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    let complained = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      complained = (complained + chunk).slice(-500);
    });
    const late = setTimeout(() => child.kill("SIGKILL"), (seconds + 30) * 1000);
    const atExit = (): void => void child.kill("SIGKILL");
    process.once("exit", atExit);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(late);
      process.off("exit", atExit);
      if (code === 0) resolve(said);
      else reject(new Error(`${tool} ended with ${code}: ${complained.trim()}`));
    });
  });
}
