import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import type { Clock } from "../base/clock.ts";

/** What was read is believed for so long, in ms: networks come and go while a proxy runs. */
const keptMs = 5000;
/** As many as resolvers heed (resolv.conf(5): MAXNS). */
const nameserversMax = 3;

/** The addresses in the text of a resolv.conf(5), in their order; none there: this machine itself, as it says. */
export function parseNameservers(text: string): readonly string[] {
  const found = text.split("\n").flatMap((line) => {
    const [word, address = ""] = line.trim().split(/\s+/);
    return word === "nameserver" && isIP(address) !== 0 ? [address] : [];
  });
  return found.length === 0 ? ["127.0.0.1"] : found.slice(0, nameserversMax);
}

/** The host's nameservers, as they are now. */
export function hostNameservers(clock: Clock, path = "/etc/resolv.conf"): () => readonly string[] {
  let known: readonly string[] = [];
  let readMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - readMs < keptMs) return known;
    readMs = nowMs;
    try {
      known = parseNameservers(readFileSync(path, "utf8"));
    } catch {
      known = parseNameservers("");
    }
    return known;
  };
}
