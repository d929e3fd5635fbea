/** Fields that say how one hop carries a message; an edit would break framing (RFC 9110 §7.6.1, RFC 9112 §6). */
export const hopFields: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
