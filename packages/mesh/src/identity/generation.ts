import { readFileSync, readlinkSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { TlsCredentials } from "../net/transport.ts";

/**
 * What a proxy needs to start and serve without anybody: key, leaf, bundle and the documents it acted on, saved
 * together so that they always belong together.
 */
export interface Generation {
  /** Grows with each save of this folder. */
  readonly number: number;
  readonly credentials: TlsCredentials;
  /** JSON of what `discovery` acted on last; null before the first. Believed only after its own parser accepted it. */
  readonly snapshot: unknown;
}

/** A generation to be saved. */
export type Saved = Omit<Generation, "number">;

/**
 * The generations of one workload on disk:
 *
 *     <folder>/current -> generation-7
 *     <folder>/generation-7/{key.pem, chain.pem, bundle.pem, identity.json, snapshot.json}
 *
 * A save writes and syncs a new folder and then moves the link, which is atomic: a reader, or a restart after a loss of
 * power, finds one whole generation, the old or the new. Folders 0700, files 0600. One process at a time saves.
 */
export class GenerationFolder {
  readonly #folder: string;
  #last = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * The current generation, or null where none was saved or it cannot be read. Reads at once and blocks: at a proxy's
   * start requests wait for it, and twenty trips to other threads take longer than five small files.
   */
  async load(): Promise<Generation | null> {
    let name: string;
    try {
      name = readlinkSync(join(this.#folder, "current"));
    } catch {
      return null;
    }
    const number = numberOf(name);
    if (number === null) return null;
    this.#last = number;
    const read = (file: string) => readFileSync(join(this.#folder, name, file), "utf8");
    try {
      const [keyPem, chainPem, bundlePem] = [
        read("key.pem"),
        read("chain.pem"),
        read("bundle.pem"),
      ];
      const [identity, snapshot] = [read("identity.json"), read("snapshot.json")];
      const { spiffeId, generation } = JSON.parse(identity);
      const credentials: TlsCredentials = { generation, spiffeId, keyPem, chainPem, bundlePem };
      return { number, credentials, snapshot: JSON.parse(snapshot) };
    } catch {
      return null;
    }
  }

  /** Makes `saved` the current generation; it is on the disk when the promise is fulfilled. Never twice at a time. */
  async save(saved: Saved): Promise<number> {
    const number = ++this.#last;
    const name = `generation-${number}`;
    const folder = join(this.#folder, name);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    const { keyPem, chainPem, bundlePem, spiffeId, generation } = saved.credentials;
    await Promise.all([
      writeSynced(join(folder, "key.pem"), keyPem),
      writeSynced(join(folder, "chain.pem"), chainPem),
      writeSynced(join(folder, "bundle.pem"), bundlePem),
      writeSynced(join(folder, "identity.json"), JSON.stringify({ spiffeId, generation })),
      writeSynced(join(folder, "snapshot.json"), JSON.stringify(saved.snapshot)),
    ]);
    await syncFolder(folder);
    const link = join(this.#folder, "next");
    await rm(link, { force: true });
    await symlink(name, link);
    await rename(link, join(this.#folder, "current"));
    await syncFolder(this.#folder);
    await this.#removeOthers(name);
    return number;
  }

  async #removeOthers(kept: string): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (name === kept || numberOf(name) === null) continue;
      await rm(join(this.#folder, name), { recursive: true, force: true });
    }
  }
}

function numberOf(name: string): number | null {
  const match = /^generation-(\d{1,15})$/.exec(name);
  return match === null ? null : Number(match[1]);
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
