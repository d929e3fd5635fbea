import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Platform } from "./platform.ts";
import type { HostStatus } from "./supervisor.ts";

/** What the command line asks of a supervisor, one JSON object a line. */
export type DoorRequest =
  | { readonly verb: "status" }
  /** Stops all. The connection ends when the supervisor has. */
  | { readonly verb: "down" };

/** The answer, one line. */
export type DoorReply =
  | { readonly ok: true; readonly status: HostStatus }
  | { readonly ok: false; readonly error: string };

export interface DoorOptions {
  readonly path: string;
  readonly status: () => HostStatus;
  readonly down: () => void;
}

/** A longer request is nonsense. */
const REQUEST_CHARS_MAX = 4096;

/** The supervisor's door for the command line: a unix socket that only this user can open. */
export class Door {
  readonly #options: DoorOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** @throws where the socket cannot be made. */
  open(): Promise<void> {
    const { path } = this.#options;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    rmSync(path, { force: true }); // the folder is locked for us: what is there is dead
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(path, () => resolve());
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.#options.path, { force: true });
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let text = "";
    socket.setEncoding("utf8");
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (piece: string) => {
      text += piece;
      const end = text.indexOf("\n");
      if (end < 0) {
        if (text.length > REQUEST_CHARS_MAX) socket.destroy();
        return;
      }
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      socket.write(`${JSON.stringify(this.#answer(line))}\n`);
    });
  }

  #answer(line: string): DoorReply {
    const { status, down } = this.#options;
    try {
      const request = JSON.parse(line) as DoorRequest;
      if (request.verb === "down") down();
      else if (request.verb !== "status") throw new Error("unknown verb");
      return { ok: true, status: status() };
    } catch (error) {
      return { ok: false, error: (error as Error).message };
    }
  }
}

/** Where the door of a mesh is: in its state folder, or, where that path is too long for a socket, in a temporary one. */
export function doorPath(stateDir: string, runId: string, platform: Platform): string {
  const path = join(stateDir, "host.sock");
  if (Buffer.byteLength(path) <= platform.socketPathBytesMax) return path;
  return join(runtimeDir(), `${runId}.sock`);
}

/**
 * This user's own folder for what lives only while processes do; made where needed.
 * @throws where somebody else has it.
 */
export function runtimeDir(): string {
  const runtime = process.env["XDG_RUNTIME_DIR"];
  const user = process.getuid?.() ?? 0;
  const path =
    runtime === undefined || runtime === ""
      ? join(tmpdir(), `heddle-${user}`)
      : join(runtime, "heddle");
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(path);
  if (uid !== user || (mode & 0o077) !== 0) throw new Error(`${path} is not this user's alone`);
  return path;
}
