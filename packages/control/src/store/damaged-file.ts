/** A file of the state folder is there and does not hold what it should: to go on as if it were new would lose it. */
export class DamagedFileError extends Error {
  override readonly name = "DamagedFileError";

  constructor(path: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const advice = "put a good copy in its place, or delete the mesh's state";
    super(`${path} is damaged (${why}): ${advice}`, { cause });
  }
}

/** Exit code of a control plane that found a damaged file; to start it again does not help. */
export const exitDamaged = 65;

/** SQLITE_CORRUPT and SQLITE_NOTADB of sqlite.org/rescode.html, or a row that is no JSON. */
export function isDamage(error: unknown): boolean {
  const { errcode = 0 } = error as { readonly errcode?: number };
  return error instanceof SyntaxError || [11, 26].includes(errcode & 0xff);
}
