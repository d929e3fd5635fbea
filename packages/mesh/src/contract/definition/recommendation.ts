import { algebra, int, list } from "../index.ts";

const id = int("id"), other = int("other"), ids = list(int)("ids");

/**
 * The talk's recommendation service, `get: ID → [ID]`, with the operation that sets what is recommended.
 *
 * HTTP: `GET /{id}` gives 200 and a JSON array, `PUT /{id}` takes one as its body: 201. 503 refuses a put.
 */
export const recommendation = algebra("Recommendation", {
  get: { takes: [id], gives: list(int) },
  put: { takes: [id, ids] },
})
  .axiom(({ empty, get, put }) => [
    get(empty, id).is([]),
    get(put(empty, id, ids), id).is(ids),
  ])
  .extension(({ s, get, put }) => [
    get(put(s, id, ids), id).is(ids),
    get(put(s, id, ids), other).is(get(s, other)).where(other.isNot(id)),
  ])
  .model<ReadonlyMap<number, readonly number[]>>({
    empty: new Map(),
    get: (recommended, id) => recommended.get(id) ?? [],
    put: (recommended, id, ids) => new Map(recommended).set(id, ids),
  })
  .http({
    get: { on: "GET /{id}", ok: [200] },
    put: { on: "PUT /{id}", body: ids, ok: [201], refused: [503] },
  });
