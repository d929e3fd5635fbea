import type { CaseResult, Suite } from "../suite.ts";
import { upstreamCases } from "./cases/upstream.ts";
import { EchoMesh } from "./echo-mesh.ts";
import { runCase, type TrafficCase } from "./traffic-case.ts";

/** Every suite over upstream's mesh, with its cases. */
export const trafficLists: readonly {
  readonly name: string;
  readonly title: string;
  readonly cases: readonly TrafficCase[];
}[] = [
  {
    name: "gamma",
    title: "Gateway API for meshes: upstream's cases and manifests, a real mesh",
    cases: upstreamCases,
  },
];

export const trafficSuites: readonly Suite[] = trafficLists.map(({ name, title, cases }) => ({
  name,
  title,
  async run(rig) {
    const mesh = await EchoMesh.start();
    rig.onClose(() => mesh.stop());
    const results: CaseResult[] = [];
    for (const one of cases) {
      const why = await runCase(one, mesh);
      const verdict = why === null ? "passed" : "failed";
      results.push({ name: one.name, verdict, detail: why ?? "" });
    }
    return results;
  },
}));
