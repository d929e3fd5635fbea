import { describe, expect, test } from "vitest";
import { parseDocument } from "../../snapshot/codec.ts";
import type { KnownResource } from "../index.ts";
import { claimsIn, contract, fault, service, worldOf } from "./samples.fixture.ts";
import { compileService } from "./service.ts";
import { tableKey, tableOf } from "./tables.ts";

const kvs = service("kvs");
const early = "2026-01-01T00:00:00Z";
const late = "2026-01-02T00:00:00Z";

const compile = (policies: readonly KnownResource[], hashKey?: string) =>
  compileService(kvs, { ...worldOf(kvs, ...policies), ...(hashKey !== undefined && { hashKey }) });

describe("a Contract on a Service", () => {
  test("is in its document as proxies read it, with the mesh's key", () => {
    const hashKey = "0123456789abcdef".repeat(2);
    const { doc } = compile([contract("kvs", early)], hashKey);
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
    const { doc } = compile([contract("kvs", early, given)]);
    expect(doc.contract).toMatchObject({ callerField: "x-user", keyShare: 0.05 });
    expect(doc.contract?.operations[0]?.fields).toEqual([{ ...fields[0], name: "x-counter" }]);
  });

  test("of two the older holds", () => {
    const [second, first] = [contract("second", late), contract("first", early)];
    expect(compile([second, first]).doc.contract?.name).toBe("default/first");
    expect(claimsIn([kvs, second, first]).get("Contract/default/second")!.conditions![0]).toEqual({
      type: "Accepted",
      status: "False",
      reason: "Conflicted",
      message: "Contract first is older and is the contract of Service kvs.",
    });
  });

  test("without operations it is kept, told apart, and read by nobody", () => {
    const bare = contract("kvs", early, { operations: undefined });
    expect(compile([bare]).doc.contract).toBeNull();
    expect(claimsOf(bare)).toEqual(["Accepted True Accepted", "Recorded False NoOperations"]);
  });

  test("says whether it holds and is recorded", () => {
    expect(claimsOf(contract("kvs", early))).toEqual([
      "Accepted True Accepted",
      "Recorded True Recorded",
    ]);
    const lost = contract("kvs", early, { targetRefs: [{ kind: "Service", name: "kvz" }] });
    expect(claimsOf(lost)[0]).toBe("Accepted False TargetNotFound");
  });
});

describe("a Fault on a Service", () => {
  test("is in its document, shares as shares", () => {
    const given = { seed: 7, delay: { percent: 10, milliseconds: 50 }, callers: ["e"] };
    const { doc } = compile([fault("f", early, given)]);
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
    expect(compile([second, first]).doc.fault?.name).toBe("default/first");
    expect(claimsOf(second, first)).toEqual(["Accepted False Conflicted"]);
  });
});

/** The first one's conditions, in a mesh with `kvs` and all of them. */
function claimsOf(...resources: readonly KnownResource[]): readonly string[] {
  const claims = claimsIn([kvs, ...resources]).get(
    `${tableOf(resources[0]!)!}/${tableKey(resources[0]!)}`,
  );
  return (claims?.conditions ?? []).map(
    ({ type, status, reason }) => `${type} ${status} ${reason}`,
  );
}
