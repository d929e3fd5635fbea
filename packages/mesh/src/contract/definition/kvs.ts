import { algebra, int, str } from "../index.ts";

const k = int("k"), j = int("j"), v = str("v");

/**
 * The talk's key-value store: a value per whole number, empty until one is put.
 *
 * HTTP: `GET /{k}` gives 200 and the value, `PUT /{k}` takes it as its body: 201. 503 refuses a put.
 */
export const kvs = algebra("KVS", {
  get: { takes: [k], gives: str },
  put: { takes: [k, v] },
})
  .axiom(({ empty, get, put }) => [
    get(empty, k).is(""),
    get(put(empty, k, v), k).is(v),
  ])
  .extension(({ s, get, put }) => [
    get(put(s, k, v), k).is(v),
    get(put(s, k, v), j).is(get(s, j)).where(j.isNot(k)),
  ])
  .model<ReadonlyMap<number, string>>({
    empty: new Map(),
    get: (kvs, k) => kvs.get(k) ?? "",
    put: (kvs, k, v) => new Map(kvs).set(k, v),
  })
  .http({
    get: { on: "GET /{k}", ok: [200] },
    put: { on: "PUT /{k}", body: v, ok: [201], refused: [503] },
  });
