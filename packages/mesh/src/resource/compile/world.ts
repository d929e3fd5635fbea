import type { CompiledGateway, CompiledService } from "./compiled.ts";
import type { ResourceKey, TableName, Tables } from "./tables.ts";

/**
 * All that is meant, as compile functions see it. What one of them reads through it is what it is made from: it is made
 * anew when that changes (`reads.ts`), and there is no other list of dependencies.
 */
export interface World {
  find<K extends TableName>(table: K, key: string): Tables[K] | null;
  /** Those of a table that say something of `target` (`attachables.ts`). Their order says nothing. */
  attached<K extends TableName>(table: K, target: ResourceKey): readonly Tables[K][];
  /** All of a table in one namespace. */
  inNamespace<K extends TableName>(table: K, namespace: string): readonly Tables[K][];
  /** Key of the hashes of recorded values, 32 hex digits: the mesh's secret. */
  readonly hashKey: string;
}

/** The same, and what services and gateways were compiled to: for what is to be said of resources. */
export interface CompiledWorld extends World {
  service(key: string): CompiledService | null;
  /** Null also where another controller has it. */
  gateway(key: string): CompiledGateway | null;
}
