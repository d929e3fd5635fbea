import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDocument } from "../../snapshot/codec.ts";
import { MeshIndex } from "../compile.ts";
import type { KnownResource } from "../index.ts";
import { compileAll } from "./all.ts";
import { edit, resources } from "./arbitrary.fixture.ts";
import { contract, fault, placement, service } from "./samples.fixture.ts";

test("after any edits the index holds what compiling everything at once gives", () => {
  fc.assert(
    fc.property(fc.array(fc.array(edit, { maxLength: 6 }), { maxLength: 8 }), (batches) => {
      const index = new MeshIndex();
      for (const batch of batches) {
        for (const one of batch) one(index);
        index.take();
        expect(plain(index.outputs)).toEqual(plain(compileAll(index.inputs)));
      }
    }),
    { numRuns: 300, seed: 7 },
  );
});

test("proxies can read every document", () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 30 }), (edits) => {
      const index = new MeshIndex();
      for (const one of edits) one(index);
      index.take();
      const { services, endpoints, proxies } = index.outputs;
      const documents = [
        ...[...services.values()].flatMap(({ doc, consumers }) => [doc, ...consumers.values()]),
        ...endpoints.values(),
        ...proxies.values(),
      ];
      for (const document of documents) expect(parseDocument(document)).toMatchObject({ ok: true });
    }),
    { numRuns: 200, seed: 13 },
  );
});

test("take() tells every change, and nothing that is as before", () => {
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 30 }), (edits) => {
      const index = new MeshIndex();
      const told = new Map<string, unknown>();
      for (const one of edits) {
        one(index);
        for (const [output, changes] of Object.entries(index.take())) {
          for (const [key, value] of changes) {
            expect(told.get(`${output} ${key}`)).not.toEqual(value);
            if (value === null) told.delete(`${output} ${key}`);
            else told.set(`${output} ${key}`, value);
          }
        }
      }
      const all = Object.entries(index.outputs).flatMap(([output, values]) =>
        [...(values as ReadonlyMap<string, unknown>)].map(([key, value]) => [
          `${output} ${key}`,
          value,
        ]),
      );
      expect(told).toEqual(new Map(all as [string, unknown][]));
    }),
    { numRuns: 200, seed: 11 },
  );
});

test("an input that did not change makes nothing anew", () => {
  const index = new MeshIndex();
  const [one] = fc.sample(resources(), { numRuns: 1, seed: 3 });
  index.put(one!);
  index.take();
  index.put(structuredClone(one!));
  expect(Object.values(index.take()).every((changes) => changes.size === 0)).toBe(true);
});

test.each([
  ["placement", placement],
  ["contract", contract],
  ["fault", fault],
] as const)("a %s that targets another Service leaves the one before", (field, make) => {
  const index = new MeshIndex();
  const targeting = (name: string) => make("x", "", { targetRefs: [{ kind: "Service", name }] });
  for (const one of [service("a"), service("b"), targeting("a")]) index.put(one);
  index.take();
  index.put(targeting("b"));
  const { services } = index.take();
  expect(services.get("default/a")?.doc[field]).toBeNull();
  expect(services.get("default/b")?.doc[field]).not.toBeNull();
  index.remove(targeting("b"));
  expect(index.take().services.get("default/b")?.doc[field]).toBeNull();
});

test("the order in which inputs came says nothing", () => {
  fc.assert(
    fc.property(
      fc.array(resources(), { maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      (all, draws) => {
        const unique = [
          ...new Map(
            all.map((one) => [`${one.kind}/${one.metadata.namespace}/${one.metadata.name}`, one]),
          ).values(),
        ];
        const shuffled = unique
          .map((one) => ({ one, at: draws.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one);
        expect(sorted(compiled(shuffled))).toEqual(sorted(compiled(unique)));
      },
    ),
    { numRuns: 100, seed: 5 },
  );
});

function compiled(resources: readonly KnownResource[]) {
  const index = new MeshIndex();
  for (const one of resources) index.put(one);
  index.take();
  return index.outputs;
}

function plain(outputs: object): unknown {
  return sorted(outputs);
}

/** Maps as objects: without the order of their keys. */
function sorted(value: object): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, one: unknown) =>
      one instanceof Map ? Object.fromEntries([...one].sort()) : one,
    ),
  );
}
