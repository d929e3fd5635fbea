import type { HttpProtocol } from "@heddle/mesh/model/protocol.ts";

/** A port of the service: what it declares. All lead to the same port of its processes, which speak both versions. */
export type Entry = keyof typeof entryPorts;
export const entryPorts = { detect: 80, http1: 82, h2c: 83 } as const;

/** What the caller wants done, once. */
export interface Operation {
  /** Counts up over the run; `x-op` carries it through the mesh. */
  readonly id: number;
  readonly method: "GET" | "PUT" | "POST";
  readonly key: number;
  /** As the caller writes it; several spellings are one key. */
  readonly target: string;
  /** Octets of the body: the pattern of this id. */
  readonly bytes: number;
  readonly isChunked: boolean;
  /** The caller goes away after so many ms; null: it waits for the answer. */
  readonly abortAfterMs: number | null;
  readonly version: HttpProtocol;
  readonly entry: Entry;
  /** A call of gRPC; then it is a POST. */
  readonly isGrpc: boolean;
  /** The caller takes the reply slowly, one stream among many. */
  readonly isSlow: boolean;
}

/** The version of HTTP that a process is asked in. */
export function spokenTo({ entry, version }: Operation): HttpProtocol {
  if (entry === "detect") return version;
  return entry === "http1" ? "http/1.1" : "h2";
}

/** How it ended for the caller. */
export type Ending =
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly reason: string | null;
      readonly servedBy: string | null;
    }
  | { readonly kind: "broken"; readonly detail: string } /** the connection to its proxy failed */
  | { readonly kind: "aborted" };
