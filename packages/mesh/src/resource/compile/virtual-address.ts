import { keyHash } from "../../base/key-hash.ts";
import type { ServiceKey } from "../../model/service-key.ts";
import type { Service } from "../core/service.ts";
import { compareText, namespacedName } from "../meta.ts";

/**
 * Virtual addresses are 127.128.0.0 + 256 … 127.254.255.255. Of 127.0.0.0/8 for three reasons: every such address has a
 * route on every machine, also without a network; what is sent there never leaves it, whatever rules are missing; and
 * the kernel gives such a connection the source 127.0.0.1. Of its upper half, because people use the lower one.
 */
export const virtualRange = "127.128.0.0/9";
const base = 0x7f80_0100;
const count = 0x7e_ff00;

/**
 * One address for each service: its name's hash, and where two services have one hash the older one keeps it, so that a
 * service has the same address for as long as it is there, in every proxy and after every restart.
 */
export function virtualAddresses(services: Iterable<Service>): ReadonlyMap<ServiceKey, string> {
  const sorted = [...services].sort(
    (a, b) =>
      compareText(a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? "") ||
      compareText(namespacedName(a), namespacedName(b)),
  );
  const addresses = new Map<ServiceKey, string>();
  const taken = new Set<number>();
  for (const service of sorted) {
    const key = namespacedName(service);
    let place = keyHash(key) % count;
    while (taken.has(place)) place = (place + 1) % count;
    taken.add(place);
    addresses.set(key, dotted(base + place));
  }
  return addresses;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}
