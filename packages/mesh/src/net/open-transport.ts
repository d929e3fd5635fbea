import { loadRawBinding } from "./raw/binding.ts";
import { RawTransport } from "./raw/transport.ts";
import { SocketTransport } from "./socket/transport.ts";
import type { Transport, TransportOptions } from "./transport.ts";
import { tryOut } from "./trial.ts";

export interface OpenedTransport {
  readonly transport: Transport;
  readonly backEnd: "raw" | "socket";
  /** Why the raw handles were not chosen; null if they were. */
  readonly detail: string | null;
}

export interface OpenTransportOptions extends TransportOptions {
  /** Have the raw handles of this Node passed their trial on this machine before? Default no: they are tried. */
  readonly hasPassed?: boolean;
}

/**
 * The fastest transport that works here: raw handles if they pass a trial, now or before, else `net.Socket`. The caller
 * says so where people see it.
 */
export async function openTransport(options: OpenTransportOptions): Promise<OpenedTransport> {
  const fallback = (detail: string): OpenedTransport => ({
    transport: new SocketTransport(options),
    backEnd: "socket",
    detail,
  });
  const binding = loadRawBinding();
  if (binding === null) return fallback("this Node has no raw handles");
  const transport = new RawTransport(binding, options);
  if (options.hasPassed !== true) {
    const problem = await tryOut(transport, options.clock).catch((error: unknown) => String(error));
    if (problem !== null) return fallback(problem);
  }
  return { transport, backEnd: "raw", detail: null };
}
