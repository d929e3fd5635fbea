import type { Clock } from "../../base/clock.ts";
import { Bucket } from "./bucket.ts";
import type { Http2Limits } from "./limits.ts";

/** A WINDOW_UPDATE may come for each of so many parts of a DATA frame (Envoy: `max_inbound_window_update_frames_per_data_frame_sent`). */
const emptyFramesPerFrame = 10;

/** How often a peer has asked for what costs us and brings nothing, on one connection. */
export class Meters {
  readonly resets: Bucket;
  readonly pings: Bucket;
  readonly settings: Bucket;
  readonly empties: Bucket;

  constructor(clock: Clock, limits: Http2Limits) {
    this.resets = new Bucket(clock, limits.resetsMax, limits.resetsPerSecond);
    this.pings = new Bucket(clock, limits.pingsMax, limits.pingsPerSecond);
    this.settings = new Bucket(clock, limits.settingsMax, limits.settingsPerSecond);
    this.empties = new Bucket(clock, limits.emptyFramesMax, limits.emptyFramesPerSecond);
  }

  /** A frame of a message was sent: such work justifies so many frames that bring nothing. */
  earn(): void {
    this.pings.earn(1);
    this.empties.earn(emptyFramesPerFrame);
  }
}
