/** What is kept back of a limit that a server announced or showed, for the time a request is on its way. */
const MARGIN = 0.8;
/** Closed earlier than this, it was a restart or a shutdown, not a limit. */
const LEAST_MS = 100;
/** An age seen is believed this long: it may have been a restart after all. */
const BELIEVED_MS = 60_000;

/**
 * How long a connection to one server may lie idle before it is closed by us rather than by the server, so that no
 * request meets a closing connection. Learned from `Keep-Alive: timeout=` and from the ages at which idle connections
 * were seen to be closed.
 */
export class IdleLimit {
  #baseMs: number;
  #seenMs = Number.POSITIVE_INFINITY;
  #seenUntilMs = 0;

  /** @param defaultMs until something was learned; Linkerd's is 3000. */
  constructor(defaultMs: number) {
    this.#baseMs = defaultMs;
  }

  /** The present limit, in ms. */
  limitMs(nowMs: number): number {
    return nowMs < this.#seenUntilMs ? Math.min(this.#seenMs, this.#baseMs) : this.#baseMs;
  }

  /** The server said how long it keeps an idle connection. */
  announce(timeoutMs: number): void {
    this.#baseMs = Math.max(LEAST_MS, timeoutMs * MARGIN);
  }

  /** The server closed a connection that had been idle for `ageMs`. */
  observeClose(ageMs: number, nowMs: number): void {
    if (ageMs < LEAST_MS) return;
    const isKnown = nowMs < this.#seenUntilMs;
    this.#seenMs = Math.min(isKnown ? this.#seenMs : Number.POSITIVE_INFINITY, ageMs * MARGIN);
    this.#seenUntilMs = nowMs + BELIEVED_MS;
  }
}
