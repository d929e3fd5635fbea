import type { ConnectionName } from "../history/exchange.ts";
import { type Address, formatAddress } from "../model/address.ts";
import type { Connection } from "./transport.ts";

/**
 * The name of a connection that we dialled and that is open. The other end comes to the same by `acceptedName`. To be
 * asked once per connection: it asks the kernel for addresses.
 */
export function dialledName(connection: Connection): ConnectionName {
  const { peer, local, remote } = connection;
  return peer?.channel ?? `${endText(local)}>${endText(remote)}`;
}

/** The name of a connection that was opened to us. */
export function acceptedName(connection: Connection): ConnectionName {
  const { peer, local, remote } = connection;
  return peer?.channel ?? `${endText(remote)}>${endText(local)}`;
}

/** As both ends write it: a listener of both families sees IPv4 mapped into IPv6 (RFC 4291 §2.5.5.2), a dialler does not. */
export function endText(address: Address): string {
  const isMapped = address.kind === "tcp" && address.host.startsWith(MAPPED);
  return formatAddress(
    isMapped ? { ...address, host: address.host.slice(MAPPED.length) } : address,
  );
}

const MAPPED = "::ffff:";
