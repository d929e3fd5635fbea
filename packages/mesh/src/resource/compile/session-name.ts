import { keyHash } from "../../base/key-hash.ts";

/** What a rule's sessions are called where it does not say: no two rules share one, also of one Service (GEP-1619). */
export function sessionName(rule: string): string {
  return `heddle-${(keyHash(rule) >>> 0).toString(36)}`;
}
