import type { Clock } from "../../base/clock.ts";
import { Gather } from "../gather.ts";
import type { OnLimit } from "../limit.ts";
import { defaultHttp1Limits, type Http1Limits } from "./limits.ts";
import { HeadScanner } from "./scan.ts";

export interface Http1ContextOptions {
  readonly clock: Clock;
  /** Default `defaultHttp1Limits`. */
  readonly limits?: Http1Limits;
  /** What forwarded requests add as Via (RFC 9110 §7.6.3); null adds none. Default `1.1 heddle`. */
  readonly via?: string | null;
  /** Shared with the codecs of other protocols that it forwards to. Default its own. */
  readonly gather?: Gather;
  /** Told each time a limit was met. Default nobody. */
  readonly onLimit?: OnLimit;
}

/**
 * What all HTTP/1 connections of one workload share: limits, clock, and the buffers in which one event at a time works.
 * Servers and clients that forward to each other must share one, so that head and body leave in one write.
 */
export class Http1Context {
  readonly clock: Clock;
  readonly limits: Http1Limits;
  readonly via: string | null;
  readonly gather: Gather;
  readonly onLimit: OnLimit;
  readonly requestScanner: HeadScanner;
  readonly replyScanner: HeadScanner;

  constructor(options: Http1ContextOptions) {
    this.clock = options.clock;
    this.gather = options.gather ?? new Gather();
    this.onLimit = options.onLimit ?? (() => {});
    this.limits = options.limits ?? defaultHttp1Limits;
    this.via = options.via === undefined ? "1.1 heddle" : options.via;
    this.requestScanner = new HeadScanner("request", this.limits);
    this.replyScanner = new HeadScanner("reply", this.limits);
  }
}
