import { existsSync, watch } from "node:fs";
import { basename, join, sep } from "node:path";
import type { Supervisor } from "@heddle/control/host/supervisor.ts";
import type { Clock, Timer } from "@heddle/mesh/base/clock.ts";

/** Changes within this time are one, in ms: editors write a file in several steps. */
const SETTLE_MS = 150;
/** What no process runs from: folders that are not the user's own, hidden files, drafts of editors, words. */
const ignored = /(^|\/)(node_modules|__pycache__)(\/|$)|(^|\/)\.|(~|\.swp|\.md|\.log)$/;

export interface WatchOptions {
  readonly clock: Clock;
  readonly folder: string;
  /** Paths below `folder`, together. */
  readonly onChange: (files: readonly string[]) => void;
}

/** Watches the files of a folder and below. Returns what ends it; null where there is no such folder. */
export function watchFiles({ clock, folder, onChange }: WatchOptions): (() => void) | null {
  if (!existsSync(folder)) return null;
  const changed = new Set<string>();
  let timer: Timer | null = null;
  const watcher = watch(folder, { recursive: true }, (_, name) => {
    if (name === null) return;
    const file = name.split(sep).join("/");
    if (ignored.test(file)) return;
    changed.add(file);
    timer?.cancel();
    timer = clock.after(SETTLE_MS, () => {
      // A file that is gone again was a draft: editors write one and rename it.
      const files = [...changed].filter((each) => existsSync(join(folder, each)));
      changed.clear();
      if (files.length > 0) onChange(files);
    });
  });
  watcher.on("error", () => undefined); // a folder that went away changes no more
  return () => {
    timer?.cancel();
    watcher.close();
  };
}

/** A workload to restart. */
export interface Affected {
  readonly uid: string;
  readonly name: string;
}

/**
 * Whom a change of these files in `folder` concerns: the applications whose command names one of them, or, for a file
 * that no command names, all that run in that folder, as any may have loaded it.
 */
export function affectedBy(
  specs: Supervisor["specs"],
  folder: string,
  files: readonly string[],
): readonly Affected[] {
  const here = specs.filter((spec) => spec.app !== null && spec.app.cwd === folder && !spec.drain);
  const names = (spec: (typeof here)[number], file: string) =>
    spec.app!.command.some((word) => word === file || basename(word) === basename(file));
  const isNamed = (file: string) => here.some((spec) => names(spec, file));
  const isShared = files.some((file) => !isNamed(file));
  return here
    .filter((spec) => isShared || files.some((file) => names(spec, file)))
    .map(({ uid, name }) => ({ uid, name }));
}
