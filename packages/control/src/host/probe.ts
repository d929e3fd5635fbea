import { spawn } from "node:child_process";
import { request } from "node:http";
import { request as requestTls } from "node:https";
import { connect } from "node:net";

/** What a probe found: null is yes, a text says why not. */
export type ProbeResult = string | null;

/** Does a connection to 127.0.0.1:`port` open within `timeoutMs`? */
export function probeTcp(port: number, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const finish = (result: ProbeResult) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(timeoutMs, () => finish(`no connection within ${timeoutMs} ms`));
    socket.once("connect", () => finish(null));
    socket.once("error", (error) => finish(explain(error)));
  });
}

export interface HttpProbe {
  readonly port: number;
  readonly path: string;
  /** Does the process speak TLS? Whose certificate it has is for others to judge. */
  readonly isTls: boolean;
}

/** Does GET `path` answer 200 to 399 within `timeoutMs`, as a kubelet asks? */
export function probeHttp(
  { port, path, isTls }: HttpProbe,
  timeoutMs: number,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const ask = isTls ? requestTls : request;
    const probe = ask({
      host: "127.0.0.1",
      port,
      path,
      rejectUnauthorized: false,
      agent: false,
      headers: { "user-agent": "heddle-probe", connection: "close" },
      signal: AbortSignal.timeout(timeoutMs),
    });
    probe.once("response", (reply) => {
      reply.on("error", () => undefined);
      reply.destroy();
      const status = reply.statusCode ?? 0;
      resolve(status >= 200 && status < 400 ? null : `HTTP ${status}`);
    });
    probe.once("error", (error) => {
      resolve(
        error.name === "AbortError" || error.name === "TimeoutError"
          ? `no answer within ${timeoutMs} ms`
          : explain(error),
      );
    });
    probe.end();
  });
}

export interface ExecProbe {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Does the command exit with 0 within `timeoutMs`? It is killed, with its group, beyond that. */
export function probeExec(probe: ExecProbe, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const [program = "", ...args] = probe.command;
    const child = spawn(program, args, {
      cwd: probe.cwd,
      env: probe.env,
      detached: true,
      stdio: "ignore",
    });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      kill(child.pid);
    }, timeoutMs);
    child.once("error", (error) => {
      clearTimeout(timer);
      resolve(explain(error));
    });
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      kill(child.pid);
      if (isLate) resolve(`command still ran after ${timeoutMs} ms`);
      else resolve(code === 0 ? null : `command ${signal ?? `exited with code ${code}`}`);
    });
  });
}

function kill(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of the group has ended.
  }
}

function explain(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ECONNRESET":
      return "connection reset";
    case "ENOENT":
      return "command not found";
    default:
      return error.message;
  }
}
