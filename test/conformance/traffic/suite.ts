import type { CaseResult, Suite } from "../suite.ts";
import { filterCases } from "./cases/filters.ts";
import { grpcCases } from "./cases/grpc.ts";
import { octetCases } from "./cases/octets.ts";
import { routingCases } from "./cases/routing.ts";
import { splitSteps } from "./cases/split.ts";
import { splitRules } from "./cases/split-rules.ts";
import { statusCases } from "./cases/status.ts";
import { sessionCases, timeCases } from "./cases/time.ts";
import { tlsCases } from "./cases/tls.ts";
import { upstreamCases } from "./cases/upstream.ts";
import { EchoMesh } from "./echo-mesh.ts";
import { runCase, type TrafficCase } from "./traffic-case.ts";

/** Suites that one mesh is started for, and what may ask it. */
interface TrafficList {
  readonly name: string;
  readonly title: string;
  readonly cases: readonly TrafficCase[];
}

/** Every suite over upstream's mesh, with its cases. */
export const trafficLists: readonly TrafficList[] = [
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
      ...tlsCases,
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

const capturedSuite: Suite = {
  name: "gamma-captured",
  title: "upstream's cases by captured processes: a service by its name alone",
  async run(rig) {
    const mesh = await EchoMesh.start(true);
    rig.onClose(() => mesh.stop());
    const { client, consumer } = mesh.captured!;
    const directPortOf = (workload: string) => mesh.directPortOf(workload);
    return runAll(upstreamCases, mesh, { client, consumer, directPortOf });
  },
};

export const trafficSuites: readonly Suite[] = [
  ...trafficLists.map(
    ({ name, title, cases }): Suite => ({
      name,
      title,
      async run(rig) {
        const mesh = await EchoMesh.start();
        rig.onClose(() => mesh.stop());
        return runAll(cases, mesh, mesh);
      },
    }),
  ),
  capturedSuite,
];

async function runAll<Mesh>(
  cases: readonly TrafficCase<Mesh>[],
  mesh: EchoMesh,
  asked: Mesh,
): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  for (const one of cases) {
    const why = await runCase(one, mesh, asked);
    results.push({
      name: one.name,
      verdict: why === null ? "passed" : "failed",
      detail: why ?? "",
    });
  }
  return results;
}
