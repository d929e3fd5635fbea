import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export interface House {
  /** TypeScript below packages/<name>/src, tests too. */
  readonly files: readonly SourceFile[];
  /** TypeScript elsewhere: tests with sockets, simulator, bench. They may use any room. */
  readonly users: readonly SourceFile[];
  /** Markdown. */
  readonly pages: readonly SourceFile[];
  /** Every path of the repository, to resolve links. */
  readonly paths: ReadonlySet<string>;
}

/** Reads the repository at `root`. */
export async function readHouse(root: string): Promise<House> {
  const paths: string[] = [];
  const skipped = new Set(["node_modules", ".git", ".heddle", "dist", "results", "coverage"]);
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (skipped.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await walk(path);
      else paths.push(relative(root, path));
    }
  };
  await walk(root);
  paths.sort();
  const read = (wanted: readonly string[]) =>
    Promise.all(
      wanted.map(async (path) => ({ path, text: await readFile(join(root, path), "utf8") })),
    );
  return {
    files: await read(paths.filter((path) => /^packages\/[\w-]+\/src\/.*\.ts$/.test(path))),
    users: await read(
      paths.filter((path) => path.endsWith(".ts") && !/^packages\/[\w-]+\/src\//.test(path)),
    ),
    pages: await read(paths.filter((path) => path.endsWith(".md"))),
    paths: new Set(paths.flatMap((path) => [path, ...foldersOf(path)])),
  };
}

function foldersOf(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("/"));
}
