import { equal } from "../../real/equal.ts";
import type { EchoMesh } from "../echo-mesh.ts";
import { manifest, resource } from "../manifest.ts";
import { holds, type TrafficCase } from "../traffic-case.ts";
import { httpShares, type Shares } from "../weights.ts";

const version = "split.smi-spec.io/v1alpha4";

/** The services of SMI's conformance application: `app-b` and `app-c` are the two versions, `app-svc` is the root of both. */
const application = [
  service("app-b", { app: "echo", version: "v1" }),
  service("app-c", { app: "echo", version: "v2" }),
  service("app-svc", { app: "echo" }),
];

/** Its weights of each pair of steps, and what must come of 50 requests. */
const steps: readonly {
  readonly stored: string;
  readonly asked: string;
  readonly weights: readonly [b: number, c: number];
  readonly isRight: (b: number, c: number) => boolean;
}[] = [
  { stored: "04", asked: "05 only B", weights: [1, 0], isRight: (b, c) => b === 50 && c === 0 },
  { stored: "06", asked: "07 only C", weights: [0, 1], isRight: (b, c) => b === 0 && c === 50 },
  // Upstream asks for B > C; the split is exact, so that it can be asked for the very share.
  { stored: "08", asked: "09 75 : 25", weights: [75, 25], isRight: (b) => b === 37 || b === 38 },
  { stored: "10", asked: "11 25 : 75", weights: [25, 75], isRight: (b) => b === 12 || b === 13 },
];

/** The eleven steps of the traffic-split part of SMI's conformance suite (learn-layer5), with what cannot work there put right. */
export const splitSteps: readonly TrafficCase[] = [
  {
    name: "split-01 the kind TrafficSplit is served, by its short name, too",
    manifests: "",
    async run(mesh) {
      const got = await mesh.heddle("get", "ts", "-A");
      equal(got.code, 0, got.stderr);
    },
  },
  {
    name: "split-02 the application is there",
    manifests: manifest(...application),
    run: (mesh) =>
      holds(async () => {
        for (const name of ["app-b", "app-c", "app-svc"])
          equal((await mesh.client.ask(`http://${name}:9091/echo`)).status, 200, name);
      }),
  },
  {
    name: "split-03 without a split both answer",
    manifests: manifest(...application),
    run: (mesh) =>
      holds(async () => {
        const { b, c } = await callRoot(mesh);
        equal(b > 0 && c > 0, true, `B ${b}, C ${c}`);
      }),
  },
  ...steps.flatMap(({ stored, asked, weights, isRight }): readonly TrafficCase[] => [
    {
      name: `split-${stored} the split ${weights.join(" : ")} is kept as it was given`,
      manifests: manifest(...application, split(weights)),
      async run(mesh) {
        const kept = (await mesh.get(version, "TrafficSplit", "server-split")) as unknown as {
          readonly spec: { readonly service: string; readonly backends: readonly object[] };
        };
        equal(kept.spec.service, "app-svc", "root");
        const wanted = [
          { service: "app-b", weight: weights[0] },
          { service: "app-c", weight: weights[1] },
        ];
        equal(JSON.stringify(kept.spec.backends), JSON.stringify(wanted), "backends");
      },
    },
    {
      name: `split-${asked}`,
      manifests: manifest(...application, split(weights)),
      run: (mesh) =>
        holds(async () => {
          const { b, c } = await callRoot(mesh);
          equal(isRight(b, c) && b + c === 50, true, `B ${b}, C ${c}`);
        }),
    },
  ]),
];

function service(name: string, selector: object): object {
  return resource("v1", "Service", name, { selector, ports: [{ port: 9091, targetPort: 8080 }] });
}

function split([b, c]: readonly [number, number]): object {
  const backends = [
    { service: "app-b", weight: b },
    { service: "app-c", weight: c },
  ];
  return resource(version, "TrafficSplit", "server-split", { service: "app-svc", backends });
}

/** Fifty requests to the root. */
async function callRoot({ client }: EchoMesh): Promise<{ readonly b: number; readonly c: number }> {
  const got: Shares = await httpShares(client, "http://app-svc:9091/echo", 50);
  return { b: got["echo-v1"] ?? 0, c: got["echo-v2"] ?? 0 };
}
