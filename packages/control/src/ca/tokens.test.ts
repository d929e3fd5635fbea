import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { expect, test } from "vitest";
import { Tokens } from "./tokens.ts";

function setUp() {
  const clock = new VirtualClock();
  let count = 0;
  return { clock, tokens: new Tokens(clock, () => `token-${count++}`) };
}

test("a token is good once, for its workload and key", () => {
  const { tokens } = setUp();
  const token = tokens.issue("uid", "key");
  expect(tokens.redeem(token, "uid", "key")).toEqual({ ok: true });
  expect(tokens.redeem(token, "uid", "key")).toMatchObject({ ok: false });
});

test.each([
  ["another workload", "other", "key"],
  ["another key", "uid", "other"],
])("a token tried for %s is refused, and used up", (words, uid, key) => {
  const { tokens } = setUp();
  const token = tokens.issue("uid", "key");
  expect(tokens.redeem(token, uid, key)).toEqual({ ok: false, detail: `token of ${words}` });
  expect(tokens.redeem(token, "uid", "key")).toMatchObject({ ok: false });
});

test("a token is good for 60 s", () => {
  const { clock, tokens } = setUp();
  const early = tokens.issue("uid", "key");
  const late = tokens.issue("uid", "key");
  clock.advance(59_999);
  expect(tokens.redeem(early, "uid", "key").ok).toBe(true);
  clock.advance(1);
  expect(tokens.redeem(late, "uid", "key")).toEqual({ ok: false, detail: "token expired" });
});

test("a made-up token is refused", () => {
  expect(setUp().tokens.redeem("token-0", "uid", "key")).toMatchObject({ ok: false });
});
