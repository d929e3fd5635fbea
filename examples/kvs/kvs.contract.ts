import { algebra, int, str } from "@heddle/mesh/contract";
const k = int("k"), j = int("j"), v = str("v");
export const kvs = algebra("KVS", {
  get: { takes: [k], gives: str }, //    get: KVS → Int → String
  put: { takes: [k, v] }, //             put: KVS → Int → String → KVS
})
  .axiom(({ empty, get, put }) => [
    get(empty, k).is(""), //             get (empty) k         → ""
    get(put(empty, k, v), k).is(v), //   get (put (empty) k v) k → v
  ])
  .extension(({ s, get, put }) => [ //   ours, not the slide's: overwriting, and two keys
    get(put(s, k, v), k).is(v),
    get(put(s, k, v), j).is(get(s, j)).where(j.isNot(k)),
  ])
  .model<ReadonlyMap<number, string>>({
    empty: new Map(),
    get: (kvs, k) => kvs.get(k) ?? "",
    put: (kvs, k, v) => new Map(kvs).set(k, v),
  })
  .http({ //                             refused: it did not happen. Any other status: it may have happened
    get: { on: "GET /{k}", ok: [200] },
    put: { on: "PUT /{k}", body: v, ok: [201], refused: [503] },
  });
