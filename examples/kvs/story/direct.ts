import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

/** A process of kvs that is called directly. */
export interface DirectProcess {
  readonly url: URL;
  end(): Promise<void>;
}

/** Starts `kvs.ts` with nothing around it, and returns once it listens. */
export async function startDirect(): Promise<DirectProcess> {
  const folder = dirname(import.meta.dirname);
  const child = spawn(process.execPath, ["kvs.ts"], {
    cwd: folder,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const address = /listening on (.*)/.exec(line)![1]!;
  return {
    url: new URL(`http://${address}`),
    end: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
