/** Commits objects one after the other and says each time what was acknowledged, until it is killed. */
import { SqliteStore } from "./sqlite.ts";

const path = process.argv[2]!;
const store = SqliteStore.open({ path, newEpoch: () => "first" });
let next = (await store.list("services", null)).items.length;
process.stdout.write(`open ${next}\n`);
for (;;) {
  const name = `s${next++}`;
  const key = { collection: "services", namespace: "default", name };
  const object = { apiVersion: "v1", kind: "Service", metadata: { name, namespace: "default" } };
  await store.commit([
    { op: "create", key, object },
    { op: "create", key: { ...key, collection: "twins" }, object },
  ]);
  process.stdout.write(`done ${next}\n`);
}
