/**
 * The fields of a message: names are case-insensitive, order among equal names is kept (RFC 9110 §5.3).
 * All names passed in must be lower case. Values are latin1 text without CR, LF or NUL.
 */
export interface Fields {
  /** The first value of `name`, or null. */
  get(name: string): string | null;
  /** Replaces every `name` by one field. */
  set(name: string, value: string): void;
  /** Appends a field. */
  add(name: string, value: string): void;
  /** Removes every `name`. */
  remove(name: string): void;
  /** Visits all fields in order; `name` in lower case. */
  each(visit: (name: string, value: string) => void): void;
}

/**
 * The head of a request as filters and the route table see it; what made it (HTTP/1 bytes and an offset table,
 * HTTP/2 fields, plain fields) stays behind it. Setting a property edits what is forwarded.
 */
export interface RequestHead extends Fields {
  method: string;
  /** Origin-form target, path and query as forwarded: `/a?b=c`; `*` for OPTIONS; empty for CONNECT. */
  path: string;
  /** host[:port] the request names: absolute-form wins over Host (RFC 9112 §3.2.2). Empty where none was sent. */
  authority: string;
  /**
   * The protocol that the client asks the connection, or its stream, to be handed over to: `websocket`, by `Upgrade` in
   * HTTP/1.1 (RFC 9110 §7.8) or by an extended CONNECT in HTTP/2 (RFC 8441), where `method` reads GET all the same. Null for none.
   * Setting null takes the wish back.
   */
  upgrade: string | null;
}

/** The head of a reply, final or interim (1xx). */
export interface ReplyHead extends Fields {
  status: number;
}
