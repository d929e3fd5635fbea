import type { Fields } from "@heddle/mesh/model/head.ts";
import { PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";

/** A request head that came from no wire. */
export class PlainRequest extends PlainRequestHead {
  constructor(
    method: string,
    path: string,
    fields: readonly (readonly [name: string, value: string])[] = [],
    authority = "kvs",
  ) {
    super({ method, path, authority }, fields);
  }
}

/** All fields in order. */
export function pairsOf(fields: Fields): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  fields.each((name, value) => {
    pairs.push([name, value]);
  });
  return pairs;
}
