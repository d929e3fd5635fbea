import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  watch,
} from "node:fs";
import { basename } from "node:path";

/** Read at a time, in bytes. */
const PIECE_BYTES = 64 * 1024;

/** A log file that grows and is set aside when it is large: reads it line by line, from the end or as it comes. */
export class Tail {
  readonly path: string;
  #fd = -1;
  #at = 0;
  #partial = "";

  constructor(path: string) {
    this.path = path;
  }

  /** Its last `count` lines, the older file included; from there `next` goes on. */
  last(count: number): readonly string[] {
    const older = `${this.path}.1`;
    const lines = this.next();
    if (count === 0) return [];
    if (lines.length >= count || !existsSync(older)) return lines.slice(-count);
    return [...linesOf(older), ...lines].slice(-count);
  }

  /** The lines that have been completed since. */
  next(): readonly string[] {
    const lines = [...this.#read()];
    while (this.#isReplaced()) {
      const { ino } = fstatSync(this.#fd);
      lines.push(...this.#read()); // what was written between our last look and the replacement
      this.close();
      this.#at = 0;
      const older = `${this.path}.1`;
      const isMissed = (statSync(older, { throwIfNoEntry: false })?.ino ?? ino) !== ino;
      if (isMissed) lines.push(...linesOf(older)); // replaced twice: one whole file passed us by
      lines.push(...this.#read());
    }
    return lines;
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #read(): readonly string[] {
    if (this.#fd < 0) {
      if (!existsSync(this.path)) return [];
      this.#fd = openSync(this.path, "r");
    }
    const pieces: Buffer[] = [];
    for (;;) {
      const piece = Buffer.allocUnsafe(PIECE_BYTES);
      const length = readSync(this.#fd, piece, 0, PIECE_BYTES, this.#at);
      if (length === 0) break;
      this.#at += length;
      pieces.push(piece.subarray(0, length));
    }
    const lines = (this.#partial + Buffer.concat(pieces).toString()).split("\n");
    this.#partial = lines.pop()!;
    return lines;
  }

  #isReplaced(): boolean {
    if (this.#fd < 0) return false;
    const now = statSync(this.path, { throwIfNoEntry: false });
    return now !== undefined && now.ino !== fstatSync(this.#fd).ino;
  }
}

function linesOf(path: string): readonly string[] {
  return readFileSync(path, "utf8").split("\n").slice(0, -1);
}

/** Calls back whenever a file of this folder changes, until `signal` fires. */
export function watchFolder(
  folder: string,
  signal: AbortSignal,
  onChange: (file: string) => void,
): void {
  const watcher = watch(folder, { signal }, (_, file) => {
    if (file !== null) onChange(basename(file));
  });
  watcher.on("error", () => undefined);
}
