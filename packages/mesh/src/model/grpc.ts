import type { Fields } from "./head.ts";

/** Longest `grpc-timeout`: eight digits (gRPC over HTTP2, "Timeout"). */
const TIMEOUT_MAX = 99_999_999;
const TIMEOUT = /^[0-9]{1,8}[HMSmun]$/;
/** In ms. */
const units: Readonly<Record<string, number>> = {
  n: 1e-6,
  u: 1e-3,
  m: 1,
  S: 1000,
  M: 60_000,
  H: 3_600_000,
};

/** Does a message of this content type hold gRPC? `application/grpc`, or with `+proto`, `+json`; not gRPC-Web. */
export function isGrpc(contentType: string | null): boolean {
  if (contentType === null || !contentType.startsWith(TYPE)) return false;
  const next = contentType.charCodeAt(TYPE.length);
  return contentType.length === TYPE.length || next === 0x2b || next === 0x3b || next === 0x20;
}

const TYPE = "application/grpc";

/** The status that trailers, or the head of a reply without a body, tell; -1: none. One that is no number is 2, unknown. */
export function grpcStatusOf(fields: Fields): number {
  const text = fields.get("grpc-status");
  if (text === null) return -1;
  return /^[0-9]{1,3}$/.test(text) ? Number(text) : 2;
}

/**
 * Does a call that ended so count against the server? Unknown, deadline exceeded, permission denied, internal, unavailable and data
 * loss do, as Linkerd counts; what a caller did wrong, cancelled or asked too often does not.
 */
export function isGrpcFailure(status: number): boolean {
  return status === 2 || status === 4 || status === 7 || (status >= 13 && status <= 15);
}

/** `grpc-timeout` in ms, fractions included; null where it is none. */
export function parseGrpcTimeout(text: string): number | null {
  if (!TIMEOUT.test(text)) return null;
  return Number(text.slice(0, -1)) * units[text.at(-1)!]!;
}

/** The longest `grpc-timeout` that is no longer than `ms`, in the finest unit that holds it. */
export function formatGrpcTimeout(ms: number): string {
  for (const unit of ["n", "u", "m", "S", "M"]) {
    const count = Math.floor(ms / units[unit]!);
    if (count <= TIMEOUT_MAX) return `${Math.max(0, count)}${unit}`;
  }
  return `${Math.min(TIMEOUT_MAX, Math.floor(ms / units["H"]!))}H`;
}

/** For `grpc-message`: percent-encoded where it is not printable US-ASCII, or is the percent sign itself. */
export function encodeGrpcMessage(text: string): string {
  let encoded = "";
  for (const octet of new TextEncoder().encode(text)) {
    encoded +=
      octet >= 0x20 && octet < 0x7f && octet !== 0x25
        ? String.fromCharCode(octet)
        : `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
