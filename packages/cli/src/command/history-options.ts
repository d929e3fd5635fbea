import type { NamespaceOptions } from "./options.ts";
import type { SourceOptions } from "./recorded-source.ts";

/** Options of `history`. */
export interface HistoryOptions extends SourceOptions, NamespaceOptions {
  readonly global?: boolean;
  readonly diagram?: boolean;
  readonly steps?: boolean;
  readonly short?: boolean;
  readonly follow?: boolean;
  /** Null: all. */
  readonly last?: number | null;
  readonly output: "list" | "json" | "yaml" | "svg";
}
