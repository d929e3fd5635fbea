import type { MeshOptions } from "./options.ts";

/** Options of `verify`, whatever its subject. */
export interface VerifyOptions extends MeshOptions {
  readonly namespace?: string;
  /** `10m`, or a moment. */
  readonly since?: string;
  /** Only so many of the newest. */
  readonly last?: string;
  readonly output: "table" | "json";
}
