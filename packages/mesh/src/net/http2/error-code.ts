/** Why a stream was reset or a connection ends (RFC 9113 §7). */
export const errorCodes = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
  INADEQUATE_SECURITY: 12,
  HTTP_1_1_REQUIRED: 13,
} as const;

export type ErrorCode = (typeof errorCodes)[keyof typeof errorCodes];

const names: readonly string[] = Object.keys(errorCodes);

/** The name of any code a peer may send; unknown ones have no meaning of their own (RFC 9113 §7). */
export function errorName(code: number): string {
  return names[code] ?? `error ${code}`;
}
