import type { RecordedLine } from "../history/batch.ts";
import type { ContractDoc } from "../model/document.ts";
import type { ServiceKey } from "../model/service-key.ts";
import type { Operation } from "./operation.ts";
import type { Cut } from "./segments.ts";
import type { Initial } from "./sequential.ts";

export interface AssembleOptions {
  /**
   * What was recorded, in any order; repeats count once. Only one boot of the host is read: the one that is told to be
   * complete, else the newest.
   */
  readonly lines: readonly RecordedLine[];
  readonly contract: ContractDoc;
  readonly service: ServiceKey;
  /**
   * Since when proxies read requests by this Contract as it is now, in wall ms; null: not known, so no key is taken to
   * begin empty.
   */
  readonly contractSinceWallMs: number | null;
  /**
   * Monotonic ms: what started later is left out, and what ended later may have happened. Take the time of reading less a
   * few seconds: a proxy records an exchange when it is over, and sends it within a second. Default: all is read.
   */
  readonly untilMs?: number;
  /** May the process of workload `uid` answer for `key`, at any time? A Placement says so. Default: yes. */
  readonly mayAnswer?: (key: string, uid: string) => boolean;
}

/** A service's history on its own level, as `checkContract` takes it. */
export interface Assembled {
  readonly operations: readonly Operation[];
  readonly initialOf: (key: string) => Initial;
  readonly cutsOf: (key: string) => readonly Cut[];
  /** Wall minus monotonic ms. */
  readonly wallOffsetMs: number;
  /** What the operations rest on, in words. */
  readonly assumptions: readonly string[];
}
