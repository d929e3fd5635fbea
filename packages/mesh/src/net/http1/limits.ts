/** How much of anything one HTTP/1 connection may ask of us. Each limit has a reason that says it was passed. */
export interface Http1Limits {
  /** Octets of a head: start line, fields and the empty line. Default 61440 (Envoy: 60 KiB). Beyond it 431. */
  readonly headBytesMax: number;
  /** Fields of a head. Default 100 (Envoy). Beyond it 431. */
  readonly fieldsMax: number;
  /** Octets of a request target. Default 16384; RFC 9112 §3 asks for 8000 at least. Beyond it 414. */
  readonly targetBytesMax: number;
  /** Octets of a method. Default 32. Beyond it 400. */
  readonly methodBytesMax: number;
  /** Octets of the extensions of one chunk; they are checked, then dropped (RFC 9112 §7.1.1). Default 1024. */
  readonly chunkExtensionBytesMax: number;
  /** Octets of a trailer section. Default 8192. */
  readonly trailerBytesMax: number;
  /** Fields of a trailer section. Default 32. */
  readonly trailerFieldsMax: number;
  /** Interim replies (1xx) to one request. Default 32. Beyond it the reply is a bad-response. */
  readonly interimMax: number;
  /** From the first octet of a head to its last, in ms. Default 10000. Beyond it 408, client-slow. */
  readonly headTimeoutMs: number;
  /** How long a connection may stay without an exchange, in ms; it closes between one and two times this. Default 75000. */
  readonly idleTimeoutMs: number;
  /** Pipelined requests begun before other events are handled. Default 64: well under a millisecond. */
  readonly exchangesPerTurnMax: number;
  /** How long octets are read and dropped after the last reply, so that no reset overtakes it (RFC 9112 §9.6). Default 2000. */
  readonly lingerTimeoutMs: number;
  /**
   * Octets dropped in that time. Default 16777216: more than the buffers of both kernels hold, for what was under way when
   * the reply was sent must not end in a reset that overtakes it. Beyond it the connection is reset.
   */
  readonly lingerBytesMax: number;
  /** How long the last reply may wait for a client that takes nothing of it, in ms. Default 30000. Then a reset. */
  readonly stallTimeoutMs: number;
}

/** The limits that hold where nothing else was said. */
export const defaultHttp1Limits: Http1Limits = {
  headBytesMax: 61_440,
  fieldsMax: 100,
  targetBytesMax: 16_384,
  methodBytesMax: 32,
  chunkExtensionBytesMax: 1024,
  trailerBytesMax: 8192,
  trailerFieldsMax: 32,
  interimMax: 32,
  headTimeoutMs: 10_000,
  idleTimeoutMs: 75_000,
  exchangesPerTurnMax: 64,
  lingerTimeoutMs: 2000,
  lingerBytesMax: 16_777_216,
  stallTimeoutMs: 30_000,
};
