import { getSystemErrorName } from "node:util";
import type { TransportFailure } from "./transport.ts";

type Kind = TransportFailure["kind"];

/** The operating system's words, and OpenSSL's, for what `TransportFailure` says. No other file knows them. */
const kinds: Readonly<Record<string, Kind>> = {
  ECONNREFUSED: "refused",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EHOSTDOWN: "unreachable",
  ENETDOWN: "unreachable",
  EADDRNOTAVAIL: "unreachable",
  EAFNOSUPPORT: "unreachable",
  EINVAL: "unreachable",
  ENOENT: "unreachable",
  ENOTDIR: "unreachable",
  EACCES: "unreachable",
  EPERM: "unreachable",
  ECONNRESET: "reset",
  ECONNABORTED: "reset",
  ENOTCONN: "reset",
  EPIPE: "reset",
  EOF: "reset",
  ETIMEDOUT: "timeout",
  EMFILE: "exhausted",
  ENFILE: "exhausted",
  ENOBUFS: "exhausted",
  ENOMEM: "exhausted",
  EADDRINUSE: "exhausted",
  EAGAIN: "exhausted", // a unix socket whose backlog is full
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: "misdirected",
  ERR_SSL_NO_APPLICATION_PROTOCOL: "misdirected",
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: "misdirected",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "identity-mismatch",
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: "identity-mismatch",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "identity-mismatch",
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: "identity-mismatch",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: "identity-mismatch",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: "identity-mismatch",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "identity-mismatch",
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: "identity-mismatch",
};

/** libuv's "the other side has finished sending", which is no failure while a connection is open. */
export const END_OF_STREAM = -4095;

/** A socket that has no name, or not that of an address and port. */
export const EINVAL = -22;

/** @param status a negative number of libuv. @param during what was being done: `connect`, `read` … */
export function failureOfStatus(status: number, during: string): TransportFailure {
  const code = status === END_OF_STREAM ? "EOF" : getSystemErrorName(status);
  return { kind: kinds[code] ?? "reset", detail: `${during}: ${code}` };
}

/** The same as an error to be thrown, with its `code` as Node has it. */
export function errorOfStatus(status: number, during: string): Error {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`${during}: ${code}`), { code });
}

/** An error as Node throws or emits it. What has no known code is a TLS failure if OpenSSL speaks, else a reset. */
export function failureOfError(error: unknown, during: string): TransportFailure {
  const code = codeOf(error);
  if (code === null) return { kind: "reset", detail: `${during}: ${String(error)}` };
  return { kind: kinds[code] ?? kindOfUnknown(code), detail: `${during}: ${code}` };
}

function kindOfUnknown(code: string): Kind {
  return code.startsWith("ERR_SSL") || code.startsWith("ERR_TLS") ? "tls" : "reset";
}

function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}
