import type { Child } from "../rig/children.ts";
import type { Rig } from "../rig/rig.ts";

/** One hop: load → proxy → origin, plain. Two hops: load → proxy ═ mutual TLS 1.3 ═ proxy → origin. */
export type Topology = "one-hop-plain" | "two-hop-mtls";

/** Something measured: a way from the load to the origin. */
export interface Subject {
  /** Its name in the report, the same in every topology. */
  readonly name: string;
  readonly topology: Topology;
  /** What was switched on, for the reader who compares. */
  readonly features: readonly string[];
  /** Starts its processes. Throws NotMeasured where the machine lacks something. */
  start(rig: Rig): Promise<Running>;
}

export interface Running {
  /** Where the load goes, on 127.0.0.1. */
  readonly port: number;
  /** Of two hops: where the called one's proxy takes mutual TLS, and the server name to ask for there. */
  readonly inbound?: { readonly port: number; readonly serverName: string };
  /** The processes whose CPU and memory count; empty for "direct". */
  readonly proxies: readonly Child[];
  /** The longest event-loop stall of any of its processes since they started, in ms, where a subject can say. */
  readonly stallMs?: () => Promise<number>;
  /** Switches recording on or off in all of its processes, where a subject can. */
  readonly setRecording?: (isOn: boolean) => Promise<void>;
}
