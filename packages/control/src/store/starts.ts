import type { Store } from "./store.ts";

const startsKey = { collection: "starts.internal.heddle.dev", namespace: "", name: "control" };

/** How often this store was started, so that versions of one life are above those of all earlier ones. */
export async function countStart(store: Store): Promise<number> {
  const stored = await store.get(startsKey);
  const count = ((stored?.spec as { count?: number } | undefined)?.count ?? 0) + 1;
  const object = {
    apiVersion: "internal.heddle.dev/v1",
    kind: "Starts",
    metadata: { name: startsKey.name },
    spec: { count },
  };
  const write = { key: startsKey, object, expect: null };
  await store.commit([{ ...write, op: stored === null ? "create" : "update" }]);
  return count;
}
