import { latin1 } from "../latin1.ts";
import { UPGRADE } from "./kinds.ts";
import { splitList } from "./lists.ts";
import { FIELD_STRIDE, FIELDS_AT } from "./scan.ts";

/** `protocol-name ["/" protocol-version]` (RFC 9110 §7.8). */
const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;
/**
 * Offers that a server may ignore without harm, and that would take this hop's own connection out of our hands: other versions
 * of HTTP (RFC 9113 §3.1 drops `h2c`, a way to smuggle requests past a proxy) and TLS (RFC 2817).
 */
const OWN_HOP = /^(?:h2c?|h3|http(?:\/.*)?|tls(?:\/.*)?)$/i;
/** A client that offers more has something else in mind. */
const OFFERS_MAX = 8;

/** The protocols that a request's Upgrade fields offer, but for those of this hop; null: none. Undefined: malformed. */
export function readUpgrade(bytes: Buffer, table: readonly number[]): string | null | undefined {
  const offers: string[] = [];
  for (let at = FIELDS_AT; at < table.length; at += FIELD_STRIDE) {
    if (table[at + 4] !== UPGRADE) continue;
    offers.push(...splitList(latin1(bytes, table[at + 2]!, table[at + 3]!)));
  }
  const given = offers.filter((offer) => offer !== ""); // RFC 9110 §5.6.1.2: empty members are ignored
  if (given.length === 0 || given.length > OFFERS_MAX) return undefined;
  if (!given.every((offer) => PROTOCOL.test(offer))) return undefined;
  const kept = given.filter((offer) => !OWN_HOP.test(offer));
  return kept.length === 0 ? null : kept.join(", ");
}

/** Is what a server says it switches to among what was offered to it? All of it, for it may name layers. */
export function isOffered(chosen: string | null, offered: string): boolean {
  if (chosen === null) return false;
  const offers = splitList(offered.toLowerCase());
  return splitList(chosen.toLowerCase()).every((protocol) => offers.includes(protocol));
}

/** Is it a WebSocket that is asked for? */
export function isWebSocket(upgrade: string | null): boolean {
  return upgrade !== null && upgrade.toLowerCase() === "websocket";
}
