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
