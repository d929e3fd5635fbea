/** How much a peer's field sections may ask of us. */
export interface HpackLimits {
  /**
   * Octets of the table that the peer may have us keep: our SETTINGS_HEADER_TABLE_SIZE. Default 4096, with which every
   * connection starts (RFC 9113 §6.5.2); never less. A size update beyond it ends the connection.
   */
  readonly tableBytesMax: number;
  /**
   * Octets of a field section once decoded, 32 counted on top for each field: our SETTINGS_MAX_HEADER_LIST_SIZE. Default
   * 61440 (Envoy: 60 KiB). Beyond it 431.
   */
  readonly listBytesMax: number;
  /** Fields of a field section, pseudo-header fields included. Default 100 (Envoy). Beyond it 431. */
  readonly fieldsMax: number;
}

/** The limits that hold where nothing else was said. */
export const defaultHpackLimits: HpackLimits = {
  tableBytesMax: 4096,
  listBytesMax: 61_440,
  fieldsMax: 100,
};
