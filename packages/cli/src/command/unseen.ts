import type { MeshInfo } from "@heddle/control/api/verbs.ts";
import type { ApiClient } from "../api/client.ts";
import { exits, Fault } from "../render/fault.ts";

const crawl = "profile crawl: there are no proxies, so nobody sees traffic";
const walk = "profile walk: the proxies run from files and report to nobody";

/** Why this mesh's traffic is not seen; null where it is. */
export async function whyUnseen(api: ApiClient): Promise<string | null> {
  const { profile } = await api.verb<MeshInfo>("info");
  if (profile === "crawl") return crawl;
  return profile === "walk" ? walk : null;
}

/** @param hints what to do instead. @throws Fault where this mesh's traffic is not seen. */
export async function mustBeSeen(api: ApiClient, ...hints: readonly string[]): Promise<void> {
  const why = await whyUnseen(api);
  if (why === null) return;
  const ask = why === walk ? ["heddle history --proxy <folder of each>/admin.sock"] : [];
  throw new Fault(exits.no, why, ...ask, ...hints);
}
