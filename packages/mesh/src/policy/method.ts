/** Methods whose repetition has the effect of one (RFC 9110 §9.2.2); of an unknown method nothing is assumed. */
const idempotent: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "PUT",
  "DELETE",
  "OPTIONS",
  "TRACE",
]);

/** May a request of this method be sent again when nobody knows whether it was executed? */
export function isIdempotent(method: string): boolean {
  return idempotent.has(method);
}

/** Methods that change nothing (RFC 9110 §9.2.1). */
const safe: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** May two requests of this method be going on at a time where one was asked for? */
export function isSafe(method: string): boolean {
  return safe.has(method);
}
