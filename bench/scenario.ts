import { type Heads, heads } from "./load/heads.ts";
import { direct } from "./subject/direct.ts";
import { haproxy } from "./subject/haproxy.ts";
import { heddle } from "./subject/heddle.ts";
import { httpProxy3 } from "./subject/http-proxy-3.ts";
import { nginx } from "./subject/nginx.ts";
import { relay } from "./subject/relay.ts";
import type { Subject, Topology } from "./subject/subject.ts";

/** `closed`: wrk, each connection asks again when answered. `rate`: an open crowd at half of HAProxy's closed-loop rate. */
export type Load = "closed" | "rate";

/** One load on all subjects of one topology. */
export interface Scenario {
  /** `<topology>/<heads>/<load>`. */
  readonly name: string;
  readonly topology: Topology;
  readonly heads: Heads;
  readonly load: Load;
  readonly features: readonly string[];
}

/** Keep-alive connections of every load but the one of a thousand. */
export const connections = 32;

const topologies: Readonly<Record<Topology, string>> = {
  "one-hop-plain": "load → proxy → origin, plain TCP",
  "two-hop-mtls":
    "load → proxy ═ mutual TLS 1.3 ═ proxy → origin; CPU and memory are the sum of both proxies",
};

export const scenarios: readonly Scenario[] = (Object.keys(topologies) as Topology[]).flatMap(
  (topology) =>
    (["small", "ten"] as const).flatMap((shape) =>
      (["closed", "rate"] as const).map((load) => ({
        name: `${topology}/${shape}/${load}`,
        topology,
        heads: shape,
        load,
        features: [
          topologies[topology],
          heads[shape].explained,
          `bodies of 1,024 bytes, ${connections} keep-alive connections`,
          load === "closed"
            ? "closed loop (wrk)"
            : "half of HAProxy's closed-loop rate from when each request was due (open-loop)",
        ],
      })),
    ),
);

/** Every subject of every topology. The order is that of the report; rounds rotate it. */
export const subjects: readonly Subject[] = [
  direct("one-hop-plain"),
  relay(),
  ...(Object.keys(topologies) as Topology[]).flatMap((topology) => [
    heddle(topology),
    haproxy("haproxy-socket", topology, "socket"),
    haproxy("haproxy-ring", topology, "ring"),
    nginx(topology),
    haproxy("haproxy-control", topology, "ring"),
  ]),
  httpProxy3(),
];

/** Where the cost of recording is looked at: alone, and with all of it on its way to a control plane. */
export const recordingScenarios = [
  { name: "recording/one-hop-plain", topology: "one-hop-plain", isExporting: false },
  { name: "recording/two-hop-mtls", topology: "two-hop-mtls", isExporting: true },
] as const satisfies readonly { name: string; topology: Topology; isExporting: boolean }[];

/** Where memory and stalls are looked at: heddle's, and HAProxy's to compare with. */
export const memoryScenarios = (Object.keys(topologies) as Topology[]).map((topology) => ({
  name: `memory/${topology}`,
  topology,
}));
