import type { HttpProtocol } from "@heddle/mesh/model/protocol.ts";

/** A port of the service: what it declares. All lead to the same port of its processes, which speak both versions. */
export type Entry = keyof typeof entryPorts;
export const entryPorts = { detect: 80, http1: 82, h2c: 83 } as const;

/** Whom the caller asks: kvs has keys, and the shop whatever the mesh is told of it. */
export type Asked = "kvs" | "shop";

/** What the caller wants done, once. */
export interface Operation {
  /** Counts up over the run; `x-op` carries it through the mesh. */
  readonly id: number;
  readonly method: "GET" | "PUT" | "POST";
  readonly service: Asked;
  readonly key: number;
  /** It brings an `Idempotency-Key`: who knows it does it once, and whoever carries it may repeat it. */
  readonly isNamed: boolean;
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

/** May it arrive more than once? By its method, because it is named, or because the mesh was told so of its path. */
export function mayRepeat({ method, service, isNamed, isGrpc, target }: Operation): boolean {
  if (method !== "POST") return true;
  // A policy that names statuses of gRPC, as each does by default, is taken to mean calls, which are all POST.
  return service === "shop" && (isNamed || isGrpc || target.startsWith("/all/"));
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
