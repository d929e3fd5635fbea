/** What the two ends of a carrier hold to. The first three are part of `heddle/1`: both ends count on them. */
export interface CarrierLimits {
  /** Octets of one stream that may be under way before its reader has said that it takes more. Default 65,536. */
  readonly windowBytes: number;
  /** What the window of a stream grows to whose reader keeps up. Default 1,048,576. */
  readonly windowBytesMax: number;
  /** What all windows of a carrier may have grown by, so that readers who stop cost a bounded amount of memory. Default 16 MiB. */
  readonly grownBytesMax: number;
  /** Streams on one carrier at a time. Default 1024. */
  readonly streamsMax: number;
  /** Carriers to one peer and port of a service. Default 4. */
  readonly carriersMax: number;
  /** Streams on each of them before there is another. Default 64. */
  readonly streamsPerCarrier: number;
  /** A carrier without streams is kept this long, in ms. Default 60,000. */
  readonly idleMs: number;
  /** A peer that has sent nothing for so long while something was asked of it is asked, in ms; silent once more, it is gone. Default 5000. */
  readonly silenceMs: number;
  /** A peer that did not speak `heddle/1` is not asked for it again for so long, in ms. Default 60,000. */
  readonly directMs: number;
}

export const defaultCarrierLimits: CarrierLimits = {
  windowBytes: 65_536,
  windowBytesMax: 1_048_576,
  grownBytesMax: 16_777_216,
  streamsMax: 1024,
  carriersMax: 4,
  streamsPerCarrier: 64,
  idleMs: 60_000,
  silenceMs: 5000,
  directMs: 60_000,
};
