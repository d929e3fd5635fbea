import { closeSync, existsSync, fstatSync, openSync, readSync, statSync, watch } from "node:fs";
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
    const before = new Tail(older);
    const all = [...before.next(), ...lines];
    before.close();
    return all.slice(-count);
  }

  /** The lines that have been completed since. */
  next(): readonly string[] {
    const lines = this.#read();
    if (!this.#isReplaced()) return lines;
    this.close();
    this.#at = 0;
    return [...lines, ...this.#read()];
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
