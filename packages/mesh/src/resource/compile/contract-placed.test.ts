import { describe, expect, test } from "vitest";
import type { Placement } from "../heddle/placement.ts";
import type { Process } from "../heddle/process.ts";
import { placedClaim } from "./contract-placed.ts";
import { compilePlacement } from "./placement.ts";
import { admit, contract, operation, placement, service } from "./samples.fixture.ts";

const at = "2026-01-01T00:00:00Z";
const kvs = service("kvs");

const processes = (replicas: number): Process =>
  admit({
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Process",
    metadata: { name: "p", namespace: "default", labels: { app: "kvs" } },
    spec: { replicas, command: ["p"] },
  });

interface Given {
  readonly spec?: object;
  readonly replicas?: readonly number[];
  readonly placements?: readonly Placement[];
}

const judge = ({ spec = {}, replicas = [3], placements = [] }: Given) =>
  placedClaim(contract("kvs", at, spec), {
    findService: (key) => (key === "default/kvs" ? kvs : null),
    placementOf: () => compilePlacement(placements, "kvs"),
    processes: replicas.map(processes),
  });

const verdict = (given: Given) => {
  const { status, reason } = judge(given);
  return `${status} ${reason}`;
};

const byKey = (spec: object) =>
  placement("kvs-by-key", at, { key: { pathSegment: 1, type: "integer" }, ...spec });

describe("a Contract whose operations change state", () => {
  test("is placed while one process answers, or a Placement binds its key", () => {
    expect(verdict({ replicas: [1] })).toBe("True Placed");
    expect(verdict({ replicas: [] })).toBe("True Placed");
    expect(verdict({ placements: [byKey({})] })).toBe("True Placed");
  });

  test("may move with several processes, of one Process or of two", () => {
    expect(verdict({})).toBe("False KeyMayMove");
    expect(verdict({ replicas: [1, 1] })).toBe("False KeyMayMove");
  });

  test("says which Placement cures it, as YAML that does", () => {
    const { message } = judge({});
    expect(message).toBe(
      'Contract kvs keeps state by k, and 3 processes of Service kvs answer for each k. This Placement cures it (heddle explain placement): { apiVersion: heddle.dev/v1alpha1, kind: Placement, metadata: { name: kvs-by-k }, spec: { targetRefs: [{ group: "", kind: Service, name: kvs }], key: { pathSegment: 1, type: integer } } }',
    );
  });

  test("is not bound by a Placement with another key, as text where it is an integer, or that moves", () => {
    for (const spec of [
      { key: { pathSegment: 2, type: "integer" } },
      { key: { header: "k" } },
      { key: { pathSegment: 1 } },
      { key: { pathSegment: 1, type: "integer" }, whenAway: "move" },
    ]) {
      expect(verdict({ placements: [byKey(spec)] })).toBe("False KeyMayMove");
    }
    const text = { parameter: "k", type: "text" };
    const put = operation("put", { changes: true, method: "PUT", path: [text] });
    expect(verdict({ spec: { operations: [put] }, placements: [byKey({})] })).toBe("True Placed");
  });

  test("its key may be in the query or in a field, in the same place in all operations", () => {
    const query = [{ parameter: "k", type: "text", name: "id" }];
    const inQuery = operation("put", { changes: true, path: [], query });
    const byQuery = byKey({ key: { query: "id" } });
    expect(verdict({ spec: { operations: [inQuery] }, placements: [byQuery] })).toBe("True Placed");
    const inPath = operation("get", { path: [{ parameter: "k", type: "text" }] });
    const both = judge({ spec: { operations: [inQuery, inPath] }, placements: [byQuery] });
    expect(both.message).toContain("No Placement can bind it");
  });

  test("without a key is one object, and two processes would be two", () => {
    expect(verdict({ spec: { key: undefined } })).toBe("False StateMaySplit");
  });
});

test("a Contract that changes nothing may be answered by anybody", () => {
  const get = operation("get", { path: [{ parameter: "k", type: "integer" }] });
  expect(verdict({ spec: { operations: [get] } })).toBe("True Stateless");
});

test("without operations nobody knows", () => {
  expect(verdict({ spec: { operations: undefined } })).toBe("Unknown NoOperations");
});
