import { tcp } from "@heddle/mesh/model/address.ts";
import { defaultBackendPolicy } from "@heddle/mesh/policy/backend-policy.ts";
import { afterEach, expect, test } from "vitest";
import { endpointsDoc, proxyDoc, serviceDoc } from "../support/documents.ts";
import { type App, get, type ProxyRig, startApp, startProxy } from "./mesh-rig.ts";

const apps: App[] = [];
let proxy: ProxyRig | null = null;
afterEach(() => {
  proxy?.workload.close();
  for (const app of apps.splice(0)) app.close();
});

test("round-robin in a service's document gives each endpoint its turn, round after round", async () => {
  const uids = ["a", "b", "c"];
  for (const uid of uids) apps.push(await startApp((_request, response) => response.end(uid)));
  proxy = await startProxy(null);
  const listener = { name: "kvs", address: tcp("127.0.0.1", 0) };
  const addresses = await proxy.serve([
    proxyDoc("caller", { outbound: [{ listener, service: "default/kvs", port: 80 }] }),
    serviceDoc("kvs", { policy: { ...defaultBackendPolicy, picker: "round-robin" } }),
    endpointsDoc("kvs", [], {
      endpoints: endpointsDoc("kvs", uids).endpoints.map((one, index) => ({
        ...one,
        address: apps[index]!.address,
      })),
    }),
  ]);
  const answers: string[] = [];
  for (let turn = 0; turn < 9; turn++) answers.push((await get(addresses.get("kvs")!)).slice(-1));
  const round = answers.slice(0, 3);
  expect([...round].sort()).toEqual(uids);
  expect(answers).toEqual([...round, ...round, ...round]);
});
