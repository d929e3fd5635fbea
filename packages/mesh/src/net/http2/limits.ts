import { defaultHpackLimits, type HpackLimits } from "./hpack/limits.ts";
import type { HeadLimits } from "./read-request.ts";

/** How much of anything one HTTP/2 connection may ask of us. */
export interface Http2Limits extends HpackLimits, HeadLimits {
  /**
   * Streams that a client may have open at a time: our SETTINGS_MAX_CONCURRENT_STREAMS. Default 128 (nginx; Envoy's edge
   * 100): more than RFC 9113 §6.5.2 asks for, and a client that needs more opens another connection. Beyond it a
   * stream is refused as not processed.
   */
  readonly streamsMax: number;
  /**
   * Octets of a body that may be under way on one stream at first: our SETTINGS_INITIAL_WINDOW_SIZE. Default 65536 (Envoy's edge,
   * Linkerd: 65535): that much a client that takes nothing of its answer has us hold for each of its requests.
   */
  readonly streamWindowBytes: number;
  /**
   * What the window of a stream grows to, by doubling, whose reader keeps up. Default 262144: four reads of ours, and 256 MB/s for
   * one stream over a link of 1 ms.
   */
  readonly streamWindowBytesMax: number;
  /** The same, of all streams of a connection. Default 1048576 (Envoy's edge, Linkerd). */
  readonly connectionWindowBytes: number;
  /**
   * Octets that streams which nobody takes may hold before they count against the connection's window. Default 33554432:
   * `streamsMax` windows, so that slow readers, however many, do not stall the others. Memory of one connection is bounded by it and
   * the connection's window.
   */
  readonly heldBytesMax: number;
  /** Octets of one field block as it comes, compressed. Default 131072: twice the section that it may decode to. */
  readonly blockBytesMax: number;
  /** CONTINUATION frames of one field block (CVE-2024-27316). Default 32; four of full size hold a whole block. */
  readonly continuationsMax: number;
  /** Octets that wait for a peer that does not read. Default 1048576: beyond it new streams are refused, at twice this the connection ends. */
  readonly queuedBytesMax: number;
  /** Streams that a client opens before other events are handled. Default 128: well under two milliseconds. */
  readonly exchangesPerTurnMax: number;
  /** Interim replies (1xx) to one request. Default 32. Beyond it the reply is a bad-response. */
  readonly interimMax: number;

  /**
   * Streams reset at once, by the peer (CVE-2023-44487) or by us for what it did (CVE-2025-8671), over those that ended well.
   * Default 1000, and 33 more a second (nghttp2). Beyond it the connection ends, as with all below.
   */
  readonly resetsMax: number;
  readonly resetsPerSecond: number;
  /** PINGs that ask for an answer, over the frames of messages that we sent. Default 1000, and 10 more a second. */
  readonly pingsMax: number;
  readonly pingsPerSecond: number;
  /** SETTINGS that ask for an answer. Default 100, and 1 more a second. */
  readonly settingsMax: number;
  readonly settingsPerSecond: number;
  /**
   * Frames that bring nothing: DATA or CONTINUATION without octets or end, PRIORITY, WINDOW_UPDATE of less than what was sent calls
   * for, unknown types. Default 10000, and 100 more a second.
   */
  readonly emptyFramesMax: number;
  readonly emptyFramesPerSecond: number;

  /** From the first octet of a frame or field block to its last, and until the peer's first SETTINGS, in ms. Default 10000. */
  readonly headTimeoutMs: number;
  /** A body of announced length of which nothing comes although we would take it, in ms. Default 60000 to twice that. Then 408. */
  readonly bodyTimeoutMs: number;
  /** Octets wait for a peer that gives no window, in ms. Default 300000 (Envoy: `stream_idle_timeout`); then the stream is reset. */
  readonly zeroWindowTimeoutMs: number;
  /** How long a connection may stay without a stream, in ms; it closes between one and two times this. Default 75000. */
  readonly idleTimeoutMs: number;
  /** The peer's answer to our SETTINGS, in ms. Default 10000; then SETTINGS_TIMEOUT (RFC 9113 §6.5.3). */
  readonly settingsTimeoutMs: number;
  /** An upstream connection with streams, of which nothing came for so long, is asked for a sign of life, in ms. Default 10000 (Linkerd). */
  readonly pingIntervalMs: number;
  /** It has so long to answer, in ms. Default 3000 (Linkerd). Then it is taken for dead. */
  readonly pingTimeoutMs: number;
  /** A client has so long to hear that the connection ends, before streams it still opens are refused, in ms. Default 1000. */
  readonly goawayWaitMs: number;
  /** How long octets are read and dropped after the last frame, in ms. Default 2000. */
  readonly lingerTimeoutMs: number;
}

/** The limits that hold where nothing else was said. */
export const defaultHttp2Limits: Http2Limits = {
  ...defaultHpackLimits,
  targetBytesMax: 16_384,
  methodBytesMax: 32,
  streamsMax: 128,
  streamWindowBytes: 65_536,
  streamWindowBytesMax: 262_144,
  connectionWindowBytes: 1_048_576,
  heldBytesMax: 33_554_432,
  blockBytesMax: 131_072,
  continuationsMax: 32,
  queuedBytesMax: 1_048_576,
  exchangesPerTurnMax: 128,
  interimMax: 32,
  resetsMax: 1000,
  resetsPerSecond: 33,
  pingsMax: 1000,
  pingsPerSecond: 10,
  settingsMax: 100,
  settingsPerSecond: 1,
  emptyFramesMax: 10_000,
  emptyFramesPerSecond: 100,
  headTimeoutMs: 10_000,
  bodyTimeoutMs: 60_000,
  zeroWindowTimeoutMs: 300_000,
  idleTimeoutMs: 75_000,
  settingsTimeoutMs: 10_000,
  pingIntervalMs: 10_000,
  pingTimeoutMs: 3000,
  goawayWaitMs: 1000,
  lingerTimeoutMs: 2000,
};
