import type { Style } from "./style.ts";

/** A line of a log file: `<ISO time> out|err|sys <text>`. */
export interface LogLine {
  readonly time: string;
  readonly stream: "out" | "err" | "sys";
  readonly text: string;
}

/** The parts of a log file's line, or null for what is none. */
export function parseLogLine(line: string): LogLine | null {
  const match = /^(\S+) (out|err|sys) (.*)$/.exec(line);
  if (match === null) return null;
  const [, time = "", stream, text = ""] = match;
  return { time, stream: stream as LogLine["stream"], text };
}

export interface LogLook {
  /** Whose line it is; padded to `width`. */
  readonly name: string;
  readonly width: number;
  /** Which of the shown logs it is, for its colour. */
  readonly index: number;
  readonly hasTime: boolean;
  readonly style: Style;
}

/** `kvs-0 | text`; what the supervisor says of the process is between dashes. */
export function formatLogLine(line: LogLine, look: LogLook): string {
  const { style } = look;
  const name = style.tint(`${look.name.padEnd(look.width)} |`, look.index);
  const time = look.hasTime ? `${style.dim(line.time)} ` : "";
  const text = line.stream === "sys" ? style.dim(`-- ${line.text} --`) : line.text;
  return `${name} ${time}${text}\n`;
}
