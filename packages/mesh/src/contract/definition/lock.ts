import { algebra, bool, str } from "../index.ts";

const k = str("k"), j = str("j"), a = str("a"), b = str("b"), owner = str("owner");

/**
 * Named locks. `acquire` says whether the lock is its caller's now; `release` whether it was its caller's until now.
 * No two owners have one lock. Locks that end with time are another definition.
 *
 * HTTP: `PUT /{k}` and `DELETE /{k}`, with the owner in the field `x-owner`, give 200 and `true` or `false`; `GET /{k}`
 * gives 200 and the owner, empty where nobody has it. 503 refuses.
 */
export const lock = algebra("Lock", {
  holder: { takes: [k], gives: str },
  acquire: { takes: [k, owner], gives: bool, changes: true },
  release: { takes: [k, owner], gives: bool, changes: true },
})
  .axiom(({ empty, holder, acquire, release }) => [
    holder(empty, k).is(""),
    acquire(empty, k, a).is(true),
    acquire(acquire(empty, k, a), k, b).is(false).where(b.isNot(a)),
    release(acquire(empty, k, a), k, b).is(false).where(b.isNot(a)),
    release(acquire(empty, k, a), k, a).is(true),
  ])
  .extension(({ s, holder, acquire, release }) => [
    acquire(s, k, b).is(false).where(holder(s, k).isNot("")).where(holder(s, k).isNot(b)),
    holder(release(s, k, holder(s, k)), k).is(""),
    acquire(release(s, k, holder(s, k)), k, a).is(true),
    holder(acquire(s, k, a), j).is(holder(s, j)).where(j.isNot(k)),
  ])
  .model<ReadonlyMap<string, string>>({
    empty: new Map(),
    holder: (locks, k) => locks.get(k) ?? "",
    acquire: (locks, k, owner) => {
      const holder = locks.get(k) ?? owner;
      return [new Map(locks).set(k, holder), holder === owner];
    },
    release: (locks, k, owner) => {
      if (locks.get(k) !== owner) return [locks, false];
      const others = new Map(locks);
      others.delete(k);
      return [others, true];
    },
  })
  .http({
    holder: { on: "GET /{k}", ok: [200] },
    acquire: { on: "PUT /{k}", fields: { "x-owner": owner }, ok: [200], refused: [503] },
    release: { on: "DELETE /{k}", fields: { "x-owner": owner }, ok: [200], refused: [503] },
  });
