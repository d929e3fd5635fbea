import { expect, test } from "vitest";
import type { FilterDoc, WeightedBackendDoc } from "../model/document.ts";
import { routedServices } from "./routed-services.ts";

const target = (name: string) => ({ service: `default/${name}`, port: 80 });
const to = (name: string | null, filters: FilterDoc[] = []): WeightedBackendDoc => ({
  backend: name === null ? null : target(name),
  weight: 1,
  filters,
});
const mirror = (name: string | null): FilterDoc => ({
  type: "mirror",
  backend: name === null ? null : target(name),
  share: { numerator: 1, denominator: 1 },
});

test("a frontend leads to the backends of its rules of every kind, and to where copies go", () => {
  const rule = {
    route: "HTTPRoute/default/r",
    name: "0",
    filters: [mirror("copy"), mirror(null)],
    backends: [to("a", [mirror("copy-of-a")]), to(null)],
    requestTimeoutMs: null,
    fails: null,
  };
  const frontend = {
    routes: { matches: [], rules: [rule] },
    tlsRoutes: [{ route: "TLSRoute/default/t", name: "0", hostnames: ["x"], backends: [to("b")] }],
    tcpRoute: { route: "TCPRoute/default/o", name: "0", backends: [to("c")] },
  };
  const names = ["a", "b", "c", "copy", "copy-of-a"].map((name) => `default/${name}`);
  expect(routedServices(frontend).toSorted()).toEqual(names);
  expect(routedServices({ routes: null })).toEqual([]);
});
