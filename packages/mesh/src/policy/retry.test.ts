import { describe, expect, test } from "vitest";
import { isIdempotent } from "./method.ts";
import { attemptsMax, decideRetry, type FailedAttempt } from "./retry.ts";

const failed: FailedAttempt = {
  processed: "no",
  isIdleRace: false,
  isIdempotent: false,
  isReplayable: true,
  attempts: 1,
  isReplayed: false,
  isPinned: false,
  isMisdirected: false,
  policy: null,
};

describe("a failure that was surely not processed", () => {
  test("is tried elsewhere, whatever the method", () => {
    expect(decideRetry(failed)).toBe("elsewhere");
  });

  test("is tried at the same endpoint where a placement forbids others", () => {
    expect(decideRetry({ ...failed, isPinned: true, attempts: 9 })).toBe("same");
  });

  test("is given up after so many attempts", () => {
    expect(decideRetry({ ...failed, attempts: attemptsMax })).toBe("limit");
  });

  test("is given up when the body is not here any more", () => {
    expect(decideRetry({ ...failed, isReplayable: false })).toBe("give-up");
  });

  test("of a connection that lay idle is replayed at once", () => {
    expect(decideRetry({ ...failed, isIdleRace: true })).toBe("replay");
    expect(decideRetry({ ...failed, isIdleRace: true, isReplayed: true })).toBe("elsewhere");
  });
});

test("what every peer calls misdirected is asked again later: documents are on their way", () => {
  const misdirected = { ...failed, isMisdirected: true };
  expect(decideRetry(misdirected)).toBe("elsewhere");
  expect(decideRetry({ ...misdirected, attempts: attemptsMax })).toBe("later");
  expect(decideRetry({ ...misdirected, attempts: 20, isPinned: true })).toBe("same");
});

describe("a failure that may have been processed", () => {
  const unknown: FailedAttempt = { ...failed, processed: "unknown" };

  test("is tried again where it may have happened, if the method is idempotent", () => {
    expect(decideRetry(unknown)).toBe("give-up");
    expect(decideRetry({ ...unknown, isIdempotent: true })).toBe("again");
    expect(decideRetry({ ...unknown, isIdempotent: true, isPinned: true })).toBe("again");
    expect(decideRetry({ ...unknown, isIdempotent: true, isReplayable: false })).toBe("give-up");
    expect(decideRetry({ ...unknown, isIdempotent: true, attempts: attemptsMax })).toBe("limit");
  });

  test("is replayed once free of charge if the connection lay idle and the method is idempotent", () => {
    const race = { ...unknown, isIdleRace: true };
    expect(decideRetry({ ...race, isIdempotent: true })).toBe("replay");
    expect(decideRetry({ ...race, isIdempotent: true, isReplayed: true })).toBe("again");
    expect(decideRetry(race)).toBe("give-up");
  });
});

describe("a policy", () => {
  const policy = { isNamed: true, retriesMax: 2 };
  const named: FailedAttempt = { ...failed, processed: "yes", isIdempotent: true, policy };

  test("has the failures it names tried again elsewhere, whatever was processed, so many times", () => {
    expect(decideRetry(named)).toBe("elsewhere");
    expect(decideRetry({ ...named, processed: "unknown", attempts: 2 })).toBe("elsewhere");
    expect(decideRetry({ ...named, attempts: 3 })).toBe("limit");
    expect(decideRetry({ ...named, attempts: 3, isReplayed: true })).toBe("elsewhere");
    expect(decideRetry({ ...named, isPinned: true })).toBe("same");
  });

  test("has no others tried again, but what was surely not processed", () => {
    const other = { ...named, policy: { ...policy, isNamed: false } };
    expect(decideRetry(other)).toBe("give-up");
    expect(decideRetry({ ...other, processed: "unknown" })).toBe("give-up");
    expect(decideRetry({ ...other, processed: "no", isIdempotent: false })).toBe("elsewhere");
  });

  test("never has executed twice what is not idempotent, nor what is final", () => {
    expect(decideRetry({ ...named, isIdempotent: false })).toBe("give-up");
    expect(decideRetry({ ...named, isIdempotent: false, processed: "unknown" })).toBe("give-up");
    expect(decideRetry({ ...named, processed: "final" })).toBe("give-up");
  });

  test("may allow more attempts than are made without one, never fewer of what was not processed", () => {
    const unsent = { ...named, processed: "no" } as const;
    const many = { isNamed: true, retriesMax: 6 };
    expect(decideRetry({ ...unsent, attempts: 3 })).toBe("elsewhere");
    expect(decideRetry({ ...unsent, attempts: 6, policy: many })).toBe("elsewhere");
    expect(decideRetry({ ...unsent, attempts: 7, policy: many })).toBe("limit");
  });
});

test.each(["yes", "final"] as const)("a failure marked %s is the answer", (processed) => {
  expect(decideRetry({ ...failed, processed, isIdempotent: true, isIdleRace: true })).toBe(
    "give-up",
  );
});

test("only the methods of RFC 9110 §9.2.2 are idempotent", () => {
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]) {
    expect(isIdempotent(method)).toBe(true);
  }
  for (const method of ["POST", "PATCH", "CONNECT", "get", "PROPFIND"]) {
    expect(isIdempotent(method)).toBe(false);
  }
});
