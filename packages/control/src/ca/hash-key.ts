import { createHmac } from "node:crypto";
import type { Root } from "./authority.ts";

/**
 * Key of the hashes of recorded values, 32 hex digits: made from the root's own key, so that it is as long-lived, as
 * secret and as one for the mesh as that. It says nothing of the root's key.
 */
export function hashKeyOf({ keyPem }: Pick<Root, "keyPem">): string {
  return createHmac("sha256", keyPem).update("heddle recorded values").digest("hex").slice(0, 32);
}
