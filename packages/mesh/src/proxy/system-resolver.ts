import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import type { Resolver } from "./egress.ts";

/** The operating system's resolver: hosts file, then DNS. */
export const systemResolver: Resolver = {
  resolve: async (host) => {
    if (isIP(host) !== 0) return [host];
    const found = await lookup(host, { all: true, verbatim: true });
    return found.map(({ address }) => address);
  },
};
