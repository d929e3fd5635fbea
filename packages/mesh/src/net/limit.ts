/**
 * Limits by which a proxy holds out against a peer that asks too much of it, as metrics name them. Those of codecs are in `limits.ts` of
 * their protocol, with their defaults.
 */
export type LimitName =
  | "h1-head" /** octets, fields or time of a head */
  | "h1-body" /** chunk extensions, trailers */
  | "h1-idle"
  | "h2-resets" /** streams opened and reset (CVE-2023-44487), or made to be reset by us (CVE-2025-8671) */
  | "h2-continuations" /** octets or frames of one field block (CVE-2024-27316) */
  | "h2-settings" /** SETTINGS that ask for an answer each */
  | "h2-pings"
  | "h2-header-list" /** octets of a field section once decoded, small as it came */
  | "h2-table" /** an HPACK table larger than was allowed */
  | "h2-empty-frames" /** DATA, CONTINUATION without octets or end */
  | "h2-zero-window" /** a peer that takes nothing of what waits for it */
  | "h2-queued" /** answers to control frames that it does not read */
  | "h2-streams" /** more at a time than was allowed */
  | "h2-slow-head"
  | "h2-slow-body"
  | "h2-idle"
  | "kept-bodies" /** of requests, for another attempt (`relay/kept-bodies.ts`) */
  | "mirror" /** copies of requests, at a time or by their length (`relay/mirror-sender.ts`) */
  | "rate-buckets"; /** callers or values that one rate limit tells apart (`policy/rate-limits.ts`) */

/** Told each time a limit was met. */
export type OnLimit = (limit: LimitName) => void;
