import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { History, HistoryEvent } from "./event.ts";
import type { RecordedHistories } from "./histories.ts";
import { globalView } from "./merge.ts";
import { pairsOf } from "./pairs.ts";

/** Events as `a!m1` (a sends m1) and `b?m1` (b receives it), each endpoint's in order; the time is after an `@`. */
function recordedOf(words: string): RecordedHistories {
  const histories = new Map<string, History & { events: HistoryEvent[] }>();
  for (const [index, word] of words.split(" ").entries()) {
    const [, endpoint, sign, id, at] = /^(\w+)([!?])(\w+)(?:@(\d+))?$/.exec(word)!;
    const history = histories.get(endpoint!) ?? { endpoint: endpoint!, events: [], isWhole: true };
    histories.set(endpoint!, history);
    const isSend = sign === "!";
    history.events.push({
      kind: isSend ? "send" : "recv",
      endpoint: endpoint!,
      seq: history.events.length + 1,
      epoch: endpoint!,
      atMs: at === undefined ? index : Number(at),
      observer: endpoint!,
      isInferred: false,
      address: endpoint!,
      message: {
        id: `${id}.1.q`,
        type: "request",
        target: isSend ? "somebody" : null,
        targetEndpoint: null,
        service: null,
        content: { method: "GET", path: "/", operation: null },
      },
      peer: null,
      exchange: index,
    });
  }
  return { histories, lives: new Map(), unrecorded: [], aliases: new Map() };
}
const say = ({ endpoint, kind, message }: HistoryEvent) =>
  `${endpoint}${kind === "send" ? "!" : "?"}${message.id.replace(/\.1\.q$/, "")}`;
const orderOf = (words: string) => globalView(recordedOf(words)).events.map(say).join(" ");

describe("the global view", () => {
  test("has the earlier first where nothing else decides", () => {
    expect(orderOf("a!x@3 b!y@1 c!z@2")).toBe("b!y c!z a!x");
  });

  test("has what was sent before what was received, whatever the clocks say", () => {
    const view = globalView(recordedOf("a!x@100 b?x@20"));
    expect(view.events.map(say)).toEqual(["a!x", "b?x"]);
    expect(view.problems).toMatchObject([{ kind: "clock", earlyMs: 80 }]);
  });

  test("says nothing of clocks that differ by a little", () => {
    expect(globalView(recordedOf("a!x@103 b?x@100")).problems).toEqual([]);
  });

  test("keeps each local order, even against its own times", () => {
    expect(orderOf("a!x@9 a!y@1")).toBe("a!x a!y");
  });

  test("reports a cycle, and ends", () => {
    // Each received what the other sent only later.
    const view = globalView(recordedOf("a?y@1 a!x@2 b?x@1 b!y@2 c!z@0"));
    expect(view.events).toHaveLength(5);
    expect(view.problems.map(({ kind }) => kind)).toEqual(["cycle"]);
    const [problem] = view.problems;
    const waiting = problem?.kind === "cycle" ? problem.events.map(say).sort() : [];
    expect(waiting).toEqual(["a?y", "b?x"]);
  });
});

/** A run: processes send and receive at random; then each one's clock is read with an error. */
const runs = fc
  .record({
    steps: fc.array(fc.record({ who: fc.nat(3), to: fc.nat(3), take: fc.boolean() }), {
      maxLength: 60,
    }),
    skews: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 4, maxLength: 4 }),
  })
  .map(({ steps, skews }) => {
    const queues: string[][] = [[], [], [], []];
    const words: string[] = [];
    for (const [index, { who, to, take }] of steps.entries()) {
      const received = take ? queues[who]!.shift() : undefined;
      const name = `m${index}`;
      if (received === undefined) queues[to]!.push(name);
      words.push(
        `p${who}${received === undefined ? `!${name}` : `?${received}`}@${index + skews[who]!}`,
      );
    }
    return words;
  })
  .filter((words) => words.length > 0);

test("of any run it is a total order that no endpoint and no message contradicts", () => {
  fc.assert(
    fc.property(runs, (words) => {
      const recorded = recordedOf(words.join(" "));
      const { events, pairs, problems } = globalView(recorded);
      expect(events).toHaveLength(words.length);
      expect(problems.filter(({ kind }) => kind === "cycle")).toEqual([]);
      const place = new Map(events.map((event, index) => [event, index]));
      for (const history of recorded.histories.values()) {
        const places = history.events.map((event) => place.get(event)!);
        expect(places).toEqual(places.toSorted((a, b) => a - b));
      }
      for (const { send, recv } of pairs) {
        expect(send).not.toBeNull(); // nothing comes from nothing
        if (recv !== null) expect(place.get(send!)!).toBeLessThan(place.get(recv)!);
      }
    }),
    { seed: 2, numRuns: 300 },
  );
});

test("whatever is recorded, also what cannot have been, comes to an end with every event once", () => {
  const word = fc
    .tuple(
      fc.constantFrom("a", "b", "c"),
      fc.constantFrom("!", "?"),
      fc.constantFrom("x", "y", "z", "w"),
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), (words) => {
      const { events } = globalView(recordedOf(words.join(" ")));
      expect(events.map(say).sort()).toEqual([...words].sort());
    }),
    { seed: 3, numRuns: 500 },
  );
});

test("messages of one name are paired in order of time: ports are used again", () => {
  const { histories } = recordedOf("a!x@10 b?x@12 a!x@500 b?x@503 a!x@900");
  const pairs = pairsOf(histories).map(({ send, recv }) => [
    send?.atMs ?? null,
    recv?.atMs ?? null,
  ]);
  expect(pairs).toEqual([
    [10, 12],
    [500, 503],
    [900, null],
  ]);
});

test("a message that was lost does not take the place of the next of its name", () => {
  const { histories } = recordedOf("a!x@10 a!x@500 b?x@503");
  const pairs = pairsOf(histories).map(({ send, recv }) => [
    send?.atMs ?? null,
    recv?.atMs ?? null,
  ]);
  expect(pairs).toEqual([
    [500, 503],
    [10, null],
  ]);
});
