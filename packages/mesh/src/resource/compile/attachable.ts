import type { Resource } from "../meta.ts";
import type { Claims } from "./claims.ts";
import type { ResourceKey } from "./tables.ts";
import type { CompiledWorld } from "./world.ts";

/** A kind whose resources say something of others: routes of their parents, policies of their targets. */
export interface Attachable<R extends Resource> {
  /** Of what it says something, whether that is there or not. */
  readonly targets: (resource: R) => readonly ResourceKey[];
  /** What is to be said of it. */
  readonly claims: (resource: R, world: CompiledWorld) => Claims;
}
