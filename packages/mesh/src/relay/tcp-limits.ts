/** How long a connection whose octets are not read may last. */
export interface TcpLimits {
  /** Nothing has gone either way for so long: it is ended, in ms; it may take twice that. Default 3600000 (Envoy `idle_timeout`). */
  readonly idleMs: number;
  /** It has lasted so long, in ms, whatever goes through it; null, the default: for ever (Envoy `max_connection_duration`). */
  readonly lifetimeMs: number | null;
  /** While the proxy drains: it is ended once nothing has gone for so long, in ms. Default 2000. */
  readonly drainQuietMs: number;
}

/** What holds where nothing else was said. */
export const defaultTcpLimits: TcpLimits = {
  idleMs: 3_600_000,
  lifetimeMs: null,
  drainQuietMs: 2000,
};
