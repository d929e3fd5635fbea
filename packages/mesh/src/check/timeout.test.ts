import { expect, test } from "vitest";
import { base, type Call, evidence, recordOf, route } from "./evidence.fixture.ts";
import { checkTimeout, timeoutSlackMs } from "./timeout.ts";

const limited = [
  ...base,
  route([
    {
      timeouts: { request: "1s", backendRequest: "500ms" },
      backendRefs: [{ name: "kvs", port: 80 }],
    },
  ]),
];
const rule = "HTTPRoute/default/kvs#0";

function check(outbound: Call["outbound"], lastsMs: number, resources = limited) {
  const isRuled = resources === limited;
  const call: Call = {
    to: "kvs-0",
    lastsMs,
    outbound: { route: isRuled ? rule : null, ...outbound },
    attempt: { replyMs: outbound?.headMs ?? lastsMs - 1 },
  };
  return checkTimeout(evidence(resources, recordOf([call])));
}

const timedOut = { status: 504, reason: "request-timeout", origin: "proxy" } as const;

test("within both limits, and the bound that is stated, it holds", () => {
  expect(check({}, 480)).toMatchObject({ verdict: "holds", subjects: 1, judged: 1 });
  expect(check(timedOut, 500 + timeoutSlackMs).verdict).toBe("holds");
});

test("an exchange that lasts longer, or is given up too early, or without a limit, is a violation", () => {
  expect(check({ headMs: 100 }, 1001 + timeoutSlackMs).violations[0]).toMatchObject({
    about: rule,
    expected: "at most 1000 ms",
  });
  const slow = check({}, 510 + timeoutSlackMs).violations[0]!;
  expect(slow.what).toContain("waited longer for one attempt");
  expect(slow.expected).toBe("at most 500 ms");
  expect(check(timedOut, 300).violations[0]!.expected).toBe("not before 500 ms");
  expect(check(timedOut, 500, [...base]).violations[0]!.expected).toBe("no time limit");
});

test("what ran out of time is answered 504, or its answer was cut", () => {
  expect(check({ ...timedOut, status: 0, headMs: -1 }, 505).verdict).toBe("violated");
  expect(check({ ...timedOut, status: 200, headMs: 100 }, 505).verdict).toBe("holds");
});

test("what an answer has opened lasts as long as both sides want; the limit is for the answer", () => {
  const upgrade = { status: 101, headMs: 400 };
  expect(check(upgrade, 600_000)).toMatchObject({ verdict: "holds", judged: 1 });
  expect(check({ ...upgrade, headMs: 900 }, 600_000).verdict).toBe("violated");
  expect(check({ method: "CONNECT", headMs: 400 }, 600_000).verdict).toBe("holds");
  expect(check({ method: "CONNECT", headMs: 400, status: 403 }, 600_000).verdict).toBe("violated");
});

test("no rule of requests is for a connection of octets", () => {
  const octets = { protocol: "tcp", route: null } as const;
  expect(check(octets, 600_000)).toMatchObject({ broken: 0, judged: 0 });
});

test("with a limit and nothing seen it is undecided, without one there is nothing to ask", () => {
  expect(checkTimeout(evidence(limited, [])).verdict).toBe("undecided");
  expect(checkTimeout(evidence([...base], []))).toMatchObject({ verdict: "holds", subjects: 0 });
});
