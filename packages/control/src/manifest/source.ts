import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";

/** The text of one manifest. */
export interface Source {
  /** How people call it: the path they gave, `-` for standard input. */
  readonly name: string;
  readonly text: string;
  /** Absolute: where relative paths in it start. */
  readonly folder: string;
}

/** A source that cannot be read. */
export interface SourceFailure {
  readonly name: string;
  readonly message: string;
}

export interface ReadOptions {
  /** What relative paths start from, and where a manifest on standard input is at home. */
  readonly workingFolder: string;
  /** All of standard input; asked only for the path `-`. */
  readonly readInput: () => Promise<string>;
}

/**
 * The manifests that `paths` name: files, folders (all their .yaml, .yml and .json, by name, not below) and `-`.
 * Everything that cannot be read is reported; the rest is read all the same.
 */
export async function readSources(
  paths: readonly string[],
  options: ReadOptions,
): Promise<{ readonly sources: readonly Source[]; readonly failures: readonly SourceFailure[] }> {
  const sources: Source[] = [];
  const failures: SourceFailure[] = [];
  for (const path of paths) {
    try {
      if (path === "-") {
        sources.push({ name: "-", text: await options.readInput(), folder: options.workingFolder });
      } else sources.push(...(await readPath(path, options.workingFolder)));
    } catch (error) {
      failures.push({ name: path, message: describe(error) });
    }
  }
  return { sources, failures };
}

async function readPath(path: string, workingFolder: string): Promise<Source[]> {
  const full = resolve(workingFolder, path);
  const isFolder = (await stat(full)).isDirectory();
  const files = isFolder ? await manifestsIn(full) : [full];
  if (files.length === 0) throw new Error("no .yaml, .yml or .json file in this folder");
  return Promise.all(
    files.map(async (file) => ({
      name: isFolder ? join(path, relative(full, file)) : path,
      text: await readFile(file, "utf8"),
      folder: dirname(file),
    })),
  );
}

async function manifestsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && /\.(ya?ml|json)$/.test(entry.name))
    .map((entry) => join(folder, entry.name))
    .sort();
}

function describe(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "may not be read";
  return error instanceof Error ? error.message : String(error);
}
