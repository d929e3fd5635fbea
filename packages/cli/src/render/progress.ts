import type { Terminal } from "./terminal.ts";
import { formatSeconds } from "./time.ts";

/** One line of the progress of `up`. */
export interface Step {
  readonly name: string;
  readonly state: "waiting" | "good" | "bad";
  readonly detail: string;
  /** How long it has taken, in ms. */
  readonly tookMs: number;
}

/** Where the times end; a narrower terminal has them at its edge. */
const WIDTH = 98;
const spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** One line: ` ✔ kvs             3/3  kvs-0 kvs-1 kvs-2            1.4 s`. `nameWidth` aligns the details. */
export function formatStep(
  step: Step,
  look: Pick<Terminal, "columns" | "style"> & {
    readonly nameWidth: number;
    readonly frame: number;
  },
): string {
  const { style } = look;
  const mark = {
    waiting: style.warn(spinner[look.frame % spinner.length]!),
    good: style.good("✔"),
    bad: style.bad("✘"),
  }[step.state];
  const time = formatSeconds(step.tookMs);
  const name = step.name.padEnd(look.nameWidth);
  const room = Math.min(WIDTH, look.columns - 1) - 3 - name.length - 2 - time.length - 1;
  const detail = cut(step.detail, Math.max(10, room)).padEnd(Math.max(10, room));
  return ` ${mark} ${name}  ${detail} ${style.dim(time)}`;
}

/** The head of `up`: `heddle 0.1.0  mesh.yaml        state in .heddle`. */
export function formatTitle(left: string, right: string, columns: number): string {
  const room = Math.min(WIDTH, columns - 1) - left.length;
  return `${left}  ${right.padStart(Math.max(0, room - 2))}`;
}

/**
 * Draws steps as they go: on a terminal in place, again and again; elsewhere each line once, when its step is done.
 */
export class Progress {
  readonly #terminal: Terminal;
  readonly #nameWidth: number;
  readonly #printed = new Set<string>();
  #drawn = 0;
  #frame = 0;

  /** @param names all there will be, to align the details. */
  constructor(terminal: Terminal, names: readonly string[]) {
    this.#terminal = terminal;
    this.#nameWidth = Math.max(14, ...names.map((name) => name.length));
  }

  draw(steps: readonly Step[]): void {
    const fresh = steps.filter((step) => !this.#printed.has(step.name));
    const done: Step[] = [];
    // In order: what is done moves up and stays, what waits is drawn below it.
    while (fresh.length > 0 && (fresh[0]!.state !== "waiting" || !this.#terminal.isTerminal)) {
      const step = fresh.shift()!;
      if (step.state !== "waiting") done.push(step);
    }
    const lines = (some: readonly Step[]) => some.map((step) => `${this.#format(step)}\n`).join("");
    for (const step of done) this.#printed.add(step.name);
    this.#terminal.write(`${this.#erase()}${lines(done)}${lines(fresh)}`);
    this.#drawn = fresh.length;
    this.#frame++;
  }

  /** Takes what still waits off the terminal, for other words to be printed. */
  clear(): void {
    this.#terminal.write(this.#erase());
    this.#drawn = 0;
  }

  #erase(): string {
    return this.#drawn === 0 ? "" : `\x1b[${this.#drawn}A\x1b[J`;
  }

  #format(step: Step): string {
    const { columns, style } = this.#terminal;
    return formatStep(step, { columns, style, nameWidth: this.#nameWidth, frame: this.#frame });
  }
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
