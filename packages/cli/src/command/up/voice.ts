import { formatLogLine } from "../../render/log-line.ts";
import type { Terminal } from "../../render/terminal.ts";

/** What is said beside the progress: held back until that is over. */
export class Voice {
  readonly #terminal: Terminal;
  readonly #hasLines: boolean;
  #isOpen = false;
  readonly #names: string[] = [];

  constructor(terminal: Terminal, hasLines: boolean) {
    this.#terminal = terminal;
    this.#hasLines = hasLines;
  }

  open(): void {
    this.#isOpen = true;
  }

  remark(message: string): void {
    if (this.#isOpen) this.#terminal.write(` ${this.#terminal.style.warn("!")} ${message}\n`);
  }

  say(message: string): void {
    if (this.#isOpen) this.#terminal.write(` ${this.#terminal.style.good("↻")} ${message}\n`);
  }

  line(name: string, stream: "out" | "err" | "sys", text: string): void {
    if (!this.#isOpen || !this.#hasLines) return;
    if (!this.#names.includes(name)) this.#names.push(name);
    const look = {
      name,
      width: Math.max(...this.#names.map((each) => each.length)),
      index: this.#names.indexOf(name),
      hasTime: false,
      style: this.#terminal.style,
    };
    this.#terminal.write(formatLogLine({ time: "", stream, text }, look));
  }
}
