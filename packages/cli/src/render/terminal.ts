import type { WriteStream } from "node:tty";
import { exits } from "./fault.ts";
import { buildStyle, type Style } from "./style.ts";

/** Where words go: standard output or standard error. */
export interface Terminal {
  readonly isTerminal: boolean;
  /** Width in characters; 100 where there is no terminal. */
  readonly columns: number;
  readonly style: Style;
  write(text: string): void;
}

/** Colours only on a terminal that can, and never with NO_COLOR (https://no-color.org). */
export function openTerminal(
  stream: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  const isTerminal = stream.isTTY === true;
  const isPlain = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  stream.on("error", onceGone);
  return {
    isTerminal,
    get columns() {
      // A terminal that does not know its width says 0.
      return (isTerminal && (stream as WriteStream).columns) || 100;
    },
    style: buildStyle(isTerminal && !isPlain),
    write: (text) => void stream.write(text),
  };
}

/** The reader, `head` for example, has had enough: whoever stops in good order does so, the others end here. */
function onceGone(this: NodeJS.WriteStream, error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE" && error.code !== "EIO") {
    process.stderr.write(`error: what was asked for cannot be written: ${error.message}\n`);
    process.exit(exits.no);
  }
  this.off("error", onceGone).on("error", () => undefined);
  if (process.listenerCount("SIGTERM") === 0) process.exit(0);
  process.emit("SIGTERM", "SIGTERM");
}
