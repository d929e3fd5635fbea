import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";
import type { Clock } from "@heddle/mesh/base/clock.ts";

/** A file is set aside when it would grow beyond this; one older file is kept, so a log takes twice as much at most. */
const FILE_BYTES_MAX = 10 * 1024 * 1024;
/** A longer line is cut into several. */
const LINE_CHARS_MAX = 8 * 1024;

export type LogStream = "out" | "err" | "sys";

/**
 * What a process said, line by line: `<ISO time> out|err|sys <text>`; `sys` is the supervisor's own remark.
 * Written at once, so that what a process said last before it died is there.
 */
export class LogFile {
  readonly path: string;
  readonly #clock: Clock;
  #fd: number;
  #bytes: number;
  readonly #partial: Record<LogStream, string> = { out: "", err: "", sys: "" };
  readonly #recent: string[] = [];

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
    this.#fd = openSync(path, "a", 0o600);
    this.#bytes = fstatSync(this.#fd).size;
  }

  /** Adds a piece of output; a line is written once it ends. Returns the lines that did. */
  add(stream: LogStream, text: string): readonly string[] {
    const lines = (this.#partial[stream] + text).split("\n");
    this.#partial[stream] = lines.pop()!;
    if (this.#partial[stream].length > LINE_CHARS_MAX) {
      lines.push(this.#partial[stream]);
      this.#partial[stream] = "";
    }
    const cut = lines.flatMap(cutLine);
    this.#write(stream, cut);
    return cut;
  }

  /** Writes what is left of unfinished lines: the process has ended. */
  flush(): readonly string[] {
    return (["out", "err"] as const).flatMap((stream) =>
      this.#partial[stream] === "" ? [] : this.add(stream, "\n"),
    );
  }

  /** The last lines the process itself wrote, oldest first, ten at most: for the report of a failure. */
  get recent(): readonly string[] {
    return this.#recent;
  }

  close(): void {
    if (this.#fd < 0) return;
    this.flush();
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #write(stream: LogStream, lines: readonly string[]): void {
    if (lines.length === 0 || this.#fd < 0) return;
    const time = new Date(this.#clock.wallMs()).toISOString();
    const bytes = Buffer.from(lines.map((line) => `${time} ${stream} ${line}\n`).join(""));
    if (this.#bytes + bytes.length > FILE_BYTES_MAX) this.#rotate();
    writeSync(this.#fd, bytes);
    this.#bytes += bytes.length;
    if (stream !== "sys") this.#recent.push(...lines.filter((line) => line.trim() !== ""));
    this.#recent.splice(0, this.#recent.length - 10);
  }

  #rotate(): void {
    closeSync(this.#fd);
    renameSync(this.path, `${this.path}.1`);
    this.#fd = openSync(this.path, "a", 0o600);
    this.#bytes = 0;
  }
}

function cutLine(line: string): readonly string[] {
  const text = line.endsWith("\r") ? line.slice(0, -1) : line;
  if (text.length <= LINE_CHARS_MAX) return [text];
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += LINE_CHARS_MAX) {
    pieces.push(text.slice(at, at + LINE_CHARS_MAX));
  }
  return pieces;
}
