import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runtimeDir } from "@heddle/control/host/door.ts";
import { readHostRecord } from "@heddle/control/host/state-dir.ts";
import { isAnswering } from "./door-client.ts";

/** Notes that a mesh runs, so that commands given elsewhere find it. Returns what forgets it again. */
export function noteRunning(stateDir: string, runId: string): () => void {
  const folder = runningFolder();
  const file = join(folder, runId);
  writeFileSync(file, stateDir, { mode: 0o600 });
  return () => rmSync(file, { force: true });
}

/** State folders of this user's meshes that run now. Forgets those that were killed. */
export async function listRunning(): Promise<readonly string[]> {
  const folder = runningFolder();
  const found: string[] = [];
  for (const runId of readdirSync(folder)) {
    const file = join(folder, runId);
    const stateDir = readNote(file);
    const record = stateDir === null ? null : readHostRecord(stateDir);
    if (stateDir !== null && record?.runId === runId && (await isAnswering(record.door)))
      found.push(stateDir);
    else rmSync(file, { force: true });
  }
  return found.sort();
}

/** Null: it is gone again, as others look and forget too. */
function readNote(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

function runningFolder(): string {
  const folder = join(runtimeDir(), "running");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
