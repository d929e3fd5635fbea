import type { CaseResult, Suite } from "../suite.ts";
import { filterCases } from "./cases/filters.ts";
import { grpcCases } from "./cases/grpc.ts";
import { octetCases } from "./cases/octets.ts";
import { routingCases } from "./cases/routing.ts";
import { splitSteps } from "./cases/split.ts";
import { splitRules } from "./cases/split-rules.ts";
import { statusCases } from "./cases/status.ts";
import { sessionCases, timeCases } from "./cases/time.ts";
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
  {
    name: "gamma-beyond",
    title: "what those leave out: routing, status, filters, times, retries, sessions, gRPC, octets",
    cases: [
      ...routingCases,
      ...statusCases,
      ...filterCases,
      ...timeCases,
      ...sessionCases,
      ...grpcCases,
      ...octetCases,
    ],
  },
  {
    name: "smi-split",
    title: "the eleven traffic-split steps of SMI's suite, a real mesh",
    cases: splitSteps,
  },
  {
    name: "smi-rules",
    title: "SMI's splits and groups: ports, matches, versions, what is missing, who wins",
    cases: splitRules,
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
