import { dirname, relative, resolve } from "node:path";
import { formatErrorCount, ManifestFault, readManifests } from "../manifests.ts";
import { applyAgain, type UpSession } from "./session.ts";
import type { Voice } from "./voice.ts";
import { affectedBy, watchFiles } from "./watch.ts";

/** Watches the manifest and every folder that applications run in, those that come later included. */
export function watchMesh(session: UpSession, voice: Voice): () => void {
  const { world, host } = session;
  const ends = new Map<string, () => void>();
  const onChange = async (folder: string, files: readonly string[]) => {
    const code = files.filter((name) => resolve(folder, name) !== session.file);
    if (code.length < files.length) await reapply(session, voice);
    restartAffected(session, folder, code, voice);
    watchFolders();
  };
  const watchFolders = () => {
    const folders = host.supervisor.specs.flatMap((spec) => spec.app?.cwd ?? []);
    for (const folder of [...folders, dirname(session.file)]) {
      if (ends.has(folder)) continue;
      const watching = {
        folder,
        onChange: (files: readonly string[]) => void onChange(folder, files),
      };
      const end = watchFiles({ clock: world.clock, ...watching });
      if (end !== null) ends.set(folder, end);
    }
  };
  watchFolders();
  return () => {
    for (const end of ends.values()) end();
  };
}

function restartAffected(
  { host }: UpSession,
  folder: string,
  files: readonly string[],
  voice: Voice,
): void {
  if (files.length === 0) return;
  const affected = affectedBy(host.supervisor.specs, folder, files);
  if (affected.length === 0) return;
  const names = affected.map(({ name }) => name).join(" ");
  voice.say(`${files.join(", ")} changed: restarting ${names}`);
  for (const { uid } of affected) void host.supervisor.restartApp(uid);
}

async function reapply(session: UpSession, voice: Voice): Promise<void> {
  const { world } = session;
  try {
    const set = await readManifests(world, [relative(world.cwd, session.file)]);
    const lines = await applyAgain({ ...session, set });
    voice.say(`${relative(world.cwd, session.file)} applied`);
    for (const line of lines) voice.remark(line);
  } catch (error) {
    // Whatever it is, what runs runs on: we are its supervisor.
    const lines = error instanceof ManifestFault ? error.lines : [(error as Error).message];
    for (const line of lines) voice.remark(line);
    voice.remark(formatErrorCount(lines.length, null));
  }
}
