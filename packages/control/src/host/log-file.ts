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
  #fd = -1;
  #bytes = 0;
  #isClosed = false;
  readonly #partial: Record<LogStream, string> = { out: "", err: "", sys: "" };
  readonly #recent: string[] = [];

  constructor(path: string, clock: Clock) {
    this.path = path;
    this.#clock = clock;
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
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    if (this.#fd >= 0) closeSync(this.#fd);
  }

  #write(stream: LogStream, lines: readonly string[]): void {
    if (lines.length === 0 || this.#isClosed) return;
    if (stream !== "sys") this.#recent.push(...lines.filter((line) => line.trim() !== ""));
    this.#recent.splice(0, this.#recent.length - 10);
    const time = new Date(this.#clock.wallMs()).toISOString();
    const bytes = Buffer.from(lines.map((line) => `${time} ${stream} ${line}\n`).join(""));
    try {
      if (this.#fd < 0) this.#open();
      if (this.#bytes + bytes.length > FILE_BYTES_MAX) this.#rotate();
      writeSync(this.#fd, bytes);
      this.#bytes += bytes.length;
    } catch {
      // The disk is full or gone: these lines are lost, what they are of runs on.
    }
  }

  #open(): void {
    this.#fd = openSync(this.path, "a", 0o600);
    this.#bytes = fstatSync(this.#fd).size;
  }

  #rotate(): void {
    const old = this.#fd;
    renameSync(this.path, `${this.path}.1`);
    this.#open();
    closeSync(old);
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
