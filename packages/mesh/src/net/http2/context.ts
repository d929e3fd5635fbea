import type { Clock } from "../../base/clock.ts";
import { DeadlineWheel } from "../../base/deadline-wheel.ts";
import { Gather } from "../gather.ts";
import type { OnLimit } from "../limit.ts";
import type { BlockCodec } from "./block-codec.ts";
import { HpackBlocks, HpackShared } from "./hpack-blocks.ts";
import { defaultHttp2Limits, type Http2Limits } from "./limits.ts";
import { OutputBuffers } from "./output.ts";

export interface Http2ContextOptions {
  readonly clock: Clock;
  /** Default `defaultHttp2Limits`. */
  readonly limits?: Http2Limits;
  /** What forwarded requests add as Via (RFC 9110 §7.6.3); null adds none. Default `2 heddle`. */
  readonly via?: string | null;
  /** Shared with the codecs of other protocols that it forwards to: its turns. Default its own. */
  readonly gather?: Gather;
  /** Told each time a limit was met. Default nobody. */
  readonly onLimit?: OnLimit;
  /** Makes the codec of a connection's field blocks. Default HPACK. */
  readonly buildBlocks?: () => BlockCodec;
}

/** What all HTTP/2 connections of one workload share: limits, clock, turns, timers and buffers. */
export class Http2Context {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  readonly limits: Http2Limits;
  readonly gather: Gather;
  readonly onLimit: OnLimit;
  readonly buffers = new OutputBuffers();
  readonly buildBlocks: () => BlockCodec;

  constructor(options: Http2ContextOptions) {
    this.clock = options.clock;
    this.wheel = new DeadlineWheel(options.clock);
    this.limits = options.limits ?? defaultHttp2Limits;
    this.gather = options.gather ?? new Gather(1);
    this.onLimit = options.onLimit ?? (() => {});
    const via = options.via === undefined ? "2 heddle" : options.via;
    const shared = new HpackShared(this.limits, via);
    this.buildBlocks = options.buildBlocks ?? (() => new HpackBlocks(shared));
  }
}
