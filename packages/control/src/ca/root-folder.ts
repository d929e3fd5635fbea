import { createPrivateKey, X509Certificate } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DamagedFileError } from "../store/damaged-file.ts";
import type { Root } from "./authority.ts";

/**
 * The root of the mesh in `folder` (0700): read, or made on the first start. Key and certificate are one file (0600), so
 * that they cannot belong to different lives; it appears whole or not at all.
 * @throws DamagedFileError where what is there is no root.
 */
export async function openRoot(
  folder: string,
  make: () => Promise<Root>,
): Promise<{ readonly root: Root; readonly isNew: boolean }> {
  const path = join(folder, "root.json");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await read(path);
  if (found !== null) return { root: found, isNew: false };
  const root = await make();
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  const file = await open(temporary, "wx", 0o600);
  await file.writeFile(JSON.stringify(root));
  await file.sync();
  await file.close();
  await link(temporary, path); // unlike a rename it never replaces a root that came first
  await rm(temporary);
  const directory = await open(folder, "r");
  await directory.sync();
  await directory.close();
  return { root, isNew: true };
}

async function read(path: string): Promise<Root | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new Error(`root certificate ${path}`, { cause });
  }
  try {
    return parseRoot(text);
  } catch (error) {
    // What the parser says shows some of the text, which may be the key.
    throw new DamagedFileError(path, error instanceof SyntaxError ? "it is not JSON" : error);
  }
}

function parseRoot(text: string): Root {
  const { keyPem, certificatePem } = JSON.parse(text) as Root;
  const certificate = new X509Certificate(certificatePem);
  if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) {
    throw new Error("the key is not that of the certificate");
  }
  return { keyPem, certificatePem };
}
