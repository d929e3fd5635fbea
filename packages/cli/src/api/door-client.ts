import { connect, type Socket } from "node:net";
import type { DoorReply, DoorRequest } from "@heddle/control/host/door.ts";
import { type HostRecord, readHostRecord } from "@heddle/control/host/state-dir.ts";
import type { HostStatus } from "@heddle/control/host/supervisor.ts";
import { exits, Fault } from "../render/fault.ts";

/** A supervisor that does not answer for this long is no supervisor, in ms. */
const TIMEOUT_MS = 3000;

/** Does a supervisor listen at this socket? */
export function isAnswering(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** The line to the supervisor of one mesh. */
export class DoorClient {
  readonly record: HostRecord;
  readonly #socket: Socket;

  private constructor(record: HostRecord, socket: Socket) {
    this.record = record;
    this.#socket = socket;
  }

  /** @throws Fault where no supervisor runs this mesh. */
  static async open(stateDir: string): Promise<DoorClient> {
    const record = readHostRecord(stateDir);
    if (record !== null) {
      const socket = connect(record.door);
      const isOpen = await new Promise<boolean>((resolve) => {
        socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      });
      if (isOpen) return new DoorClient(record, socket);
    }
    throw new Fault(
      exits.noControl,
      `the mesh in ${stateDir} is not running`,
      `heddle up ${record?.files[0] ?? "<mesh.yaml>"}`,
    );
  }

  /** Asks once. @throws Error where the supervisor refuses or does not answer. */
  async ask(request: DoorRequest): Promise<HostStatus> {
    const socket = this.#socket;
    const line = await new Promise<string>((resolve, reject) => {
      let text = "";
      socket.setEncoding("utf8");
      socket.setTimeout(TIMEOUT_MS, () => reject(new Error("the supervisor does not answer")));
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("the supervisor has ended")));
      socket.on("data", (piece) => {
        text += piece;
        const end = text.indexOf("\n");
        if (end >= 0) resolve(text.slice(0, end));
      });
      socket.write(`${JSON.stringify(request)}\n`);
    });
    socket.setTimeout(0);
    const reply = JSON.parse(line) as DoorReply;
    if (!reply.ok) throw new Error(reply.error);
    return reply.status;
  }

  /** Resolves once the supervisor has ended. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.destroyed) resolve();
      else this.#socket.once("close", () => resolve());
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
