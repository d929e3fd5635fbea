import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiFile } from "./verbs.ts";

/** Tells clients where the API is: the token first, then the file that names it, each whole or not at all. */
export async function publish(stateDir: string, port: number, token: string): Promise<void> {
  const tokenFile = join(stateDir, "api.token");
  const file: ApiFile = { address: { host: "127.0.0.1", port }, tokenFile, pid: process.pid };
  for (const [path, text] of [
    [tokenFile, `${token}\n`],
    [join(stateDir, "api.json"), `${JSON.stringify(file, null, 2)}\n`],
  ] as const) {
    await rm(`${path}.new`, { force: true });
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
}
