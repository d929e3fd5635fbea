import { algebra, int, str } from "@heddle/mesh/contract";
const name = str("name"), other = str("other");
export const tally = algebra("Tally", {
  count: { takes: [name], gives: int }, //   count: Tally → String → Int
  vote: { takes: [name] }, //                vote: Tally → String → Tally
})
  .axiom(({ empty, count, vote }) => [
    count(empty, name).is(0),
    count(vote(empty, name), name).is(1),
  ])
  .extension(({ s, count, vote }) => [
    count(vote(s, name), other).is(count(s, other)).where(other.isNot(name)),
  ])
  .model<ReadonlyMap<string, number>>({
    empty: new Map(),
    count: (votes, name) => votes.get(name) ?? 0,
    vote: (votes, name) => new Map(votes).set(name, (votes.get(name) ?? 0) + 1),
  })
  .http({
    count: { on: "GET /votes/{name}", ok: [200] },
    vote: { on: "POST /votes/{name}", ok: [204] },
  });
