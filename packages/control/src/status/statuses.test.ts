import type { CompiledGateway } from "@heddle/mesh/resource/compile/compiled.ts";
import type { Gateway } from "@heddle/mesh/resource/gateway-api/gateway.ts";
import type { Condition, ConditionClaim } from "@heddle/mesh/resource/meta.ts";
import { expect, test } from "vitest";
import { type GatewayFacts, gatewayStatus } from "./statuses.ts";

const claim = (status: "True" | "False"): ConditionClaim => ({
  type: "Accepted",
  status,
  reason: "r",
  message: "m",
});
const gateway: Gateway = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "Gateway",
  metadata: { name: "g", namespace: "default", generation: 1 },
  spec: {
    gatewayClassName: "heddle",
    listeners: [
      { name: "a", protocol: "HTTP", port: 80 },
      { name: "b", protocol: "HTTP", port: 81 },
      { name: "c", protocol: "HTTPS", port: 82 },
    ],
  },
};
const compiled: CompiledGateway = {
  sockets: [],
  conditions: [claim("True")],
  parents: [],
  listeners: (["True", "True", "False"] as const).map((accepted, index) => ({
    name: "abc"[index]!,
    kinds: ["HTTPRoute"],
    attachedRoutes: 0,
    conditions: [claim(accepted)],
  })),
};

function programmedOf(facts: GatewayFacts): readonly (string | undefined)[] {
  const { conditions, listeners } = gatewayStatus(gateway, compiled, facts, "now");
  return [conditions, ...(listeners ?? []).map((one) => one.conditions)].map((of) => {
    const { status, reason, message } = (of as Condition[]).find((x) => x.type === "Programmed")!;
    return `${status} ${reason}: ${message}`;
  });
}

const refused = "False Invalid: It is not served.";
const listens = "True Programmed: It listens.";

test("each listener says how its own port is, and the Gateway what is wrong with any", () => {
  expect(programmedOf({ waiting: null, unbound: new Map() })).toEqual([
    listens,
    listens,
    listens,
    refused,
  ]);
  const taken = "127.0.0.1:81 is taken";
  expect(programmedOf({ waiting: null, unbound: new Map([[81, taken]]) })).toEqual([
    `False Pending: ${taken}`,
    listens,
    `False Pending: ${taken}`,
    refused,
  ]);
  const waiting = "Its proxy is not ready.";
  expect(programmedOf({ waiting, unbound: new Map([[81, taken]]) })).toEqual([
    `False Pending: ${taken}`,
    `False Pending: ${waiting}`,
    `False Pending: ${taken}`,
    refused,
  ]);
});
