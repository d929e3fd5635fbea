import { describe, expect, test } from "vitest";
import { parseDocument } from "../../snapshot/codec.ts";
import { MeshIndex } from "../compile.ts";
import type { ConditionClaim } from "../meta.ts";
import { contract, fault, service, services } from "./samples.fixture.ts";
import { compileService, type ServiceInputs } from "./service.ts";

const kvs = service("kvs");
const early = "2026-01-01T00:00:00Z";
const late = "2026-01-02T00:00:00Z";

const compile = (inputs: Partial<ServiceInputs>) =>
  compileService(kvs, { routes: [], placements: [], findService: services(kvs), ...inputs });

describe("a Contract on a Service", () => {
  test("is in its document as proxies read it, with the mesh's key", () => {
    const hashKey = "0123456789abcdef".repeat(2);
    const { doc } = compile({ contracts: [contract("kvs", early)], hashKey });
    expect(doc.contract).toMatchObject({
      name: "default/kvs",
      key: "k",
      keyShare: 1,
      values: "hashed",
      hashKey,
      valueBytesMax: 1024,
      callerField: null,
    });
    expect(doc.contract?.operations[0]).toEqual({
      name: "get",
      takes: ["k"],
      changes: false,
      method: "GET",
      path: [{ parameter: "k", type: "integer" }],
      query: [],
      fields: [],
      body: null,
      gives: "opaque",
      ok: [200],
      refused: [],
    });
    expect(parseDocument(doc)).toMatchObject({ ok: true });
  });

  test("fields are in lower case, and a share is a share", () => {
    const path = [{ literal: "counters" }];
    const fields = [{ parameter: "k", type: "text", name: "X-Counter" }];
    const get = {
      name: "get",
      takes: ["k"],
      changes: false,
      method: "GET",
      path,
      fields,
      ok: [200],
    };
    const given = { callerHeader: "X-User", sampling: { keysPercent: 5 }, operations: [get] };
    const { doc } = compile({ contracts: [contract("kvs", early, given)] });
    expect(doc.contract).toMatchObject({ callerField: "x-user", keyShare: 0.05 });
    expect(doc.contract?.operations[0]?.fields).toEqual([{ ...fields[0], name: "x-counter" }]);
  });

  test("of two the older holds", () => {
    const { doc, lostContracts } = compile({
      contracts: [contract("second", late), contract("first", early)],
    });
    expect(doc.contract?.name).toBe("default/first");
    expect([...lostContracts]).toEqual([
      [
        "default/second",
        {
          reason: "Conflicted",
          message: "Contract first is older and is the contract of Service kvs.",
        },
      ],
    ]);
  });

  test("without operations it is kept, told apart, and read by nobody", () => {
    const bare = contract("kvs", early, { operations: undefined });
    expect(compile({ contracts: [bare] }).doc.contract).toBeNull();
    expect(claimsOf("contracts", bare)).toEqual([
      "Accepted True Accepted",
      "Recorded False NoOperations",
    ]);
  });

  test("says whether it holds and is recorded", () => {
    expect(claimsOf("contracts", contract("kvs", early))).toEqual([
      "Accepted True Accepted",
      "Recorded True Recorded",
    ]);
    const lost = contract("kvs", early, { targetRefs: [{ kind: "Service", name: "kvz" }] });
    expect(claimsOf("contracts", lost)[0]).toBe("Accepted False TargetNotFound");
  });
});

describe("a Fault on a Service", () => {
  test("is in its document, shares as shares", () => {
    const given = { seed: 7, delay: { percent: 10, milliseconds: 50 }, callers: ["e"] };
    const { doc } = compile({ faults: [fault("f", early, given)] });
    expect(doc.fault).toEqual({
      name: "default/f",
      seed: 7,
      callers: ["e"],
      delay: { share: 0.1, delayMs: 50 },
      reset: { share: 0.25 },
    });
    expect(parseDocument(doc)).toMatchObject({ ok: true });
  });

  test("of two the older holds, and the other says so", () => {
    const [first, second] = [fault("first", early), fault("second", late)];
    expect(compile({ faults: [second, first] }).doc.fault?.name).toBe("default/first");
    expect(claimsOf("faults", second, first)).toEqual(["Accepted False Conflicted"]);
  });
});

/** The first one's conditions, in a mesh with `kvs` and all of them. */
function claimsOf(
  output: "contracts" | "faults",
  ...resources: readonly Parameters<MeshIndex["put"]>[0][]
): readonly string[] {
  const index = new MeshIndex();
  for (const one of [kvs, ...resources]) index.put(one);
  const claims = index.take()[output].get(`default/${resources[0]!.metadata.name}`);
  return (claims ?? []).map((one: ConditionClaim) => `${one.type} ${one.status} ${one.reason}`);
}
