import { expect, test } from "vitest";
import { formatPolicies } from "./policies.ts";

test("each field is told with its value in short, and with who says it", () => {
  const of = "Service/default/kvs";
  const backoff = { baseMs: 25, maxMs: 250 };
  expect(
    formatPolicies([
      {
        of,
        field: "retry",
        value: { retriesMax: 1, codes: [502, 503], grpcCodes: [], backoff },
        from: "RetryPolicy/default/p",
      },
      { of, field: "queueMax", value: 100, from: null },
    ]),
  ).toBe(`OF                    FIELD      FROM                    VALUE
Service/default/kvs   retry      RetryPolicy/default/p   retriesMax=1 codes=502,503 grpcCodes=none backoff=(baseMs=25 maxMs=250)
Service/default/kvs   queueMax   default                 100
`);
  expect(formatPolicies([])).toBe("");
});
