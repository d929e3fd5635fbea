import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import type { Path } from "@heddle/mesh/resource/schema/path.ts";

/** A resource and the place it comes from. */
export interface ManifestResource {
  readonly resource: KnownResource;
  readonly file: string;
  /** Where the object begins. */
  readonly line: number;
  readonly lineOf: (path: Path) => number;
  /** Is a value here made with a variable that has none? */
  readonly isUnset: (path: Path) => boolean;
}
