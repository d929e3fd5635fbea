import type { RealMesh, ServerName } from "./real-mesh.ts";

/** A real client, or a real server, or both, through two proxies of a real mesh. */
export interface RealCase {
  readonly name: string;
  /** Client programs it needs; skipped aloud without one. */
  readonly tools?: readonly string[];
  /** The server of Debian that it needs. */
  readonly server?: ServerName;
  /** Too long for `npm test`. */
  readonly isLong?: boolean;
  /** Throws where anything is not as without a mesh. */
  run(mesh: RealMesh): Promise<void>;
}
