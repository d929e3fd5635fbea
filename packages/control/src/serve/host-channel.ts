import type { FromHost, ToHost } from "../host/link.ts";

export type HostListener = (message: FromHost, handle: unknown) => void;

/** The supervisor's end of this process: Node's IPC channel, inherited. */
export class HostChannel {
  readonly #waiting: Parameters<HostListener>[] = [];
  #listener: HostListener | null = null;

  /** Takes messages from now on; those that come before there is a listener wait for it. */
  constructor() {
    process.on("message", (message, handle) => {
      const said: Parameters<HostListener> = [message as FromHost, handle];
      if (this.#listener === null) this.#waiting.push(said);
      else this.#listener(...said);
    });
  }

  /** Was this process started by a supervisor? */
  get isThere(): boolean {
    return process.send !== undefined;
  }

  follow(listener: HostListener): void {
    this.#listener = listener;
    for (const said of this.#waiting.splice(0)) listener(...said);
  }

  /** Lost where the supervisor is gone: then we end, too. */
  tell(message: ToHost): void {
    if (process.connected === true) process.send?.(message, undefined, undefined, () => undefined);
  }
}
