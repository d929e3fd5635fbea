import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Document, DocumentKey } from "../model/document.ts";
import { documentKey } from "../model/document.ts";
import { documentKeyOf, parseDocument } from "../snapshot/codec.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { RefusedDocument } from "./snapshot-holder.ts";

/** Documents as they were read, with everything that is wrong with them. */
export interface FileSnapshot {
  readonly snapshot: Snapshot;
  readonly refused: readonly RefusedDocument[];
  /** `services/kvs.json: ports[0].number: expected a port, got 0`. */
  readonly errors: readonly string[];
}

/**
 * Reads the documents of one proxy (the Walk profile: no control plane). `path` is one file,
 * `{"documents": [ … ]}`, or a folder of files that hold one document each:
 *
 *     proxy.json    services/<any>.json    endpoints/<any>.json
 *
 * @param revision of the snapshot; grows with each reading
 * @throws Error where the path cannot be read, or holds no proxy document
 */
export async function readDocuments(path: string, revision: number): Promise<FileSnapshot> {
  const info = await stat(path);
  const files = info.isDirectory() ? await listFiles(path) : [path];
  const documents = new Map<DocumentKey, Document>();
  const refused: RefusedDocument[] = [];
  const errors: string[] = [];
  for (const file of files) {
    const place = info.isDirectory() ? file.slice(path.length + 1) : file;
    for (const input of await readInputs(file, place, errors)) {
      const parsed = parseDocument(input);
      if (parsed.ok) {
        documents.set(documentKey(parsed.value), parsed.value);
        continue;
      }
      errors.push(...parsed.errors.map((error) => `${place}: ${error}`));
      const key = documentKeyOf(input);
      if (key === null) continue;
      documents.set(key, input as Document); // known to exist, and refused: it answers "unsupported"
      refused.push({ document: key, errors: parsed.errors });
    }
  }
  if (!documents.has("proxy")) {
    throw new Error([`${path}: no document of kind "proxy"`, ...errors].join("\n"));
  }
  const snapshot = { epoch: `file:${path}`, revision, endpointsVersion: 0, documents };
  return { snapshot, refused, errors };
}

async function listFiles(folder: string): Promise<readonly string[]> {
  const files: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  for (const entry of entries) {
    if (entry.isFile() && entry.name.endsWith(".json")) {
      files.push(join(entry.parentPath, entry.name));
    }
  }
  return files.sort();
}

async function readInputs(file: string, place: string, errors: string[]): Promise<unknown[]> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    errors.push(`${place}: ${(cause as Error).message}`);
    return [];
  }
  const list = (value as { documents?: unknown } | null)?.documents;
  return Array.isArray(list) ? list : [value];
}
