import { expect, test } from "vitest";
import { Fault } from "../render/fault.ts";
import { kindOf, parseTargets } from "./target.ts";

const meant = (...words: string[]) =>
  parseTargets(words).map(({ kind, names }) => [kind.title, kind.version, ...names]);

test("a word means a kind, by any of its names, with its group and version or without", () => {
  expect(meant("svc,ts")).toEqual([
    ["Service", "v1"],
    ["TrafficSplit", "v1alpha4"],
  ]);
  expect(meant("trafficsplit.split.smi-spec.io/s", "httproute/r")).toEqual([
    ["TrafficSplit", "v1alpha4", "s"],
    ["HTTPRoute", "v1", "r"],
  ]);
  expect(meant("trafficsplits.v1alpha2.split.smi-spec.io")).toEqual([["TrafficSplit", "v1alpha2"]]);
});

test("a word that means two kinds is refused, with what to write", () => {
  expect(() => kindOf("tcproutes")).toThrow(
    '"tcproutes" means more than one kind: write tcproutes.gateway.networking.k8s.io or tcproutes.specs.smi-spec.io',
  );
  expect(kindOf("tcproute.specs.smi-spec.io").title).toBe("TCPRoute.specs.smi-spec.io");
  expect(kindOf("tcproute.gateway.networking.k8s.io").title).toBe("TCPRoute");
  expect(kindOf("tr").title).toBe("TCPRoute.specs.smi-spec.io");
});

test("a word that means none is refused, with all there are", () => {
  expect(() => kindOf("pods")).toThrow(Fault);
  expect(() => kindOf("pods")).toThrow(/there are services, .*trafficsplits/);
});
