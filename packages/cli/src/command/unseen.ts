import type { MeshInfo } from "@heddle/control/api/verbs.ts";
import type { ApiClient } from "../api/client.ts";

/** Why this mesh's traffic is not seen; null where it is. */
export async function whyUnseen(api: ApiClient): Promise<string | null> {
  const { profile } = await api.verb<MeshInfo>("info");
  if (profile === "crawl") return "profile crawl: there are no proxies, so nobody sees traffic";
  if (profile === "walk") return "profile walk: the proxies run from files and report to nobody";
  return null;
}
