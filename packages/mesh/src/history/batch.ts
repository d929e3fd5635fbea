import type { RecordedExchange } from "./exchange.ts";

/**
 * What one proxy recorded, or a part of it: the unit in which it travels and is kept. One proxy's batches, put in
 * order of `from`, are its history; what is missing between them is a gap.
 */
export interface RecordedBatch {
  readonly workload: { readonly uid: string; readonly name: string; readonly namespace: string };
  /** Recorder epoch: one life of the proxy. */
  readonly life: string;
  /** Monotonic ms at which this life began to record. */
  readonly sinceMs: number;
  /** Of the host's boot: monotonic times of different boots say nothing about each other. */
  readonly boot: string;
  /** Wall minus monotonic ms when the batch was made: for display only. */
  readonly wallOffsetMs: number;
  /**
   * `whole`: every exchange of the sampled keys of services with a Contract. `sampled`: of all others failures first, and
   * a share of the rest. A proxy's two streams are numbered apart.
   */
  readonly store: "whole" | "sampled";
  /**
   * Number of its first exchange within the stream, from 1. 0: these are not numbered, as they were read from the proxy's
   * ring, or a question took some out; what they lack of what was asked for is in gaps alone.
   */
  readonly from: number;
  readonly exchanges: readonly RecordedExchange[];
  readonly gaps: readonly Gap[];
  /** Share of the exchanges without failure that are recorded here, 0 to 1. 1 in `whole`, whose sampling is by key. */
  readonly sampledShare: number;
}

/** Exchanges happened between these times that are in no batch. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
  /** How many; -1: unknown. */
  readonly missing: number;
  readonly reason:
    | "overflow" /** the proxy's ring was overwritten before it was read */
    | "rate" /** more than may be exported each second */
    | "off" /** recording was switched off */
    | "restart" /** the proxy died with what it had not sent */
    | "lost" /** the control plane lost it, or never got it */
    | "evicted" /** older than the store keeps */;
}

/** A process of a workload was started: state that only it had before is gone. */
export interface ProcessStart {
  readonly workload: { readonly uid: string; readonly name: string; readonly namespace: string };
  /** Monotonic ms, not before the process could first answer. */
  readonly atMs: number;
  readonly boot: string;
  readonly wallMs: number;
  /** Starts of this workload's process before it. */
  readonly restarts: number;
}

/** A line of what was recorded, as the API and a proxy's admin socket give it. */
export type RecordedLine =
  | { readonly batch: RecordedBatch }
  | { readonly start: ProcessStart }
  /** All that was asked for and ended later than this is here, per store; monotonic ms. */
  | {
      readonly complete: {
        readonly whole: number;
        readonly sampled: number;
        readonly boot: string;
        /** Older ones were asked for, too, and left out as there are too many: they ended before. Absent: none was. */
        readonly leftOutUntilWallMs?: number;
      };
    };
