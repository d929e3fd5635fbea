import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { expect, test } from "vitest";
import type { Change, ObjectKey, Store, Write } from "./store.ts";

const key = (name: string): ObjectKey => ({ collection: "services", namespace: "default", name });
const object = (name: string, spec: unknown = {}): Resource => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "default" },
  spec,
});
const create = (name: string): Write => ({ op: "create", key: key(name), object: object(name) });

/** What every store must do. */
export function storeSuite(open: () => Store): void {
  test("keeps what was created, under a version of its own", async () => {
    const store = open();
    const made = await store.commit([create("a"), create("b")]);
    if (!made.ok) throw new Error(made.problem);
    const [a, b] = made.objects;
    expect(a!.metadata.resourceVersion).not.toBe(b!.metadata.resourceVersion);
    expect(await store.get(key("a"))).toEqual(a);
    expect((await store.list("services", "default")).items).toEqual([a, b]);
    expect((await store.list("services", "other")).items).toEqual([]);
    await store.close();
  });

  test("refuses to create twice, to change what is not there, and to overwrite what has changed", async () => {
    const store = open();
    const made = await store.commit([create("a")]);
    const version = made.ok ? made.objects[0]!.metadata.resourceVersion! : "";
    const update = (expected: string | null): Write => ({
      op: "update",
      key: key("a"),
      object: object("a", { changed: expected }),
      expect: expected,
    });
    expect(await store.commit([create("a")])).toMatchObject({ ok: false, problem: "exists" });
    expect((await store.commit([update(version)])).ok).toBe(true);
    expect(await store.commit([update(version)])).toMatchObject({ ok: false, problem: "conflict" });
    expect((await store.commit([update(null)])).ok).toBe(true);
    const gone: Write = { op: "delete", key: key("z"), expect: null };
    expect(await store.commit([gone])).toMatchObject({ ok: false, problem: "missing" });
    await store.close();
  });

  test("makes all of a set or nothing", async () => {
    const store = open();
    await store.commit([create("a")]);
    const outcome = await store.commit([create("b"), create("a")]);
    expect(outcome).toEqual({ ok: false, at: 1, problem: "exists" });
    expect(await store.get(key("b"))).toBeNull();
    await store.close();
  });

  test("a set may name one object twice", async () => {
    const store = open();
    const outcome = await store.commit([
      create("a"),
      { op: "delete", key: key("a"), expect: null },
    ]);
    expect(outcome.ok).toBe(true);
    expect(await store.get(key("a"))).toBeNull();
    await store.close();
  });

  test("tells a watch every change once, in order, from the version it names", async () => {
    const store = open();
    await store.commit([create("a")]);
    const { version } = await store.list("services", null);
    await store.commit([create("b")]);
    const seen: Change[] = [];
    const watching = store.watch(version, (change) => seen.push(change));
    await store.commit([{ op: "delete", key: key("a"), expect: null }]);
    watching!.close();
    await store.commit([create("c")]);
    expect(seen.map(({ type, key: { name } }) => `${type} ${name}`)).toEqual([
      "added b",
      "deleted a",
    ]);
    expect(seen[1]!.version).toBeGreaterThan(seen[0]!.version);
    await store.close();
  });

  test("a watch from a version that is forgotten, or has never been, must list again", async () => {
    const store = open();
    for (let index = 0; index < 40; index++) await store.commit([create(`s${index}`)]);
    expect(store.watch(1, () => {})).toBeNull();
    expect(store.watch(1_000, () => {})).toBeNull();
    await store.close();
  });
}
