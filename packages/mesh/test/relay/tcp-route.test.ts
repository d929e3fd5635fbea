import type { TcpRouteDoc } from "@heddle/mesh/model/document.ts";
import { defaultBackendPolicy } from "@heddle/mesh/policy/backend-policy.ts";
import { expect, test } from "vitest";
import { type Script, TcpMesh } from "./tcp-mesh.ts";

const echo: Script = (server) => {
  server.onHeard = (text) => server.say(text.toUpperCase());
};
const backend = { service: "default/db", port: 80 } as const;
const routed = (backends: TcpRouteDoc["backends"], policy = {}) => {
  const tcpRoute = { route: "TCPRoute/default/db", name: "0", backends };
  return new TcpMesh(echo, {
    service: {
      ports: [{ name: null, number: 80, protocol: "opaque", routes: null, tcpRoute }],
      policy: { ...defaultBackendPolicy, ...policy },
    },
  });
};
async function ask(mesh: TcpMesh): Promise<string> {
  const client = mesh.dial("service");
  await mesh.pass(50);
  if (client.end === null) client.say("hello");
  await mesh.pass(200);
  client.connection!.end();
  await mesh.pass(50);
  return client.heard;
}

test("connections of octets go where a TCPRoute's weights say; the share of an invalid backend is closed", async () => {
  const mesh = routed([
    { backend, weight: 3, filters: [] },
    { backend: null, weight: 1, filters: [] },
  ]);
  const heard: string[] = [];
  for (let count = 0; count < 8; count++) heard.push(await ask(mesh));
  expect(heard.filter((text) => text === "HELLO")).toHaveLength(6);
  expect(heard.filter((text) => text === "")).toHaveLength(2);
  const records = mesh.caller.records;
  expect(records.every(({ route }) => route === "TCPRoute/default/db#0")).toBe(true);
  expect(records.filter(({ reason }) => reason === "invalid-backend")).toHaveLength(2);
});

test("a route whose backends have no weight closes all of them", async () => {
  const mesh = routed([{ backend, weight: 0, filters: [] }]);
  expect(await ask(mesh)).toBe("");
  expect(mesh.caller.records[0]?.reason).toBe("invalid-backend");
});

test("the cap of requests is one of connections, and what closes makes room", async () => {
  const mesh = routed([{ backend, weight: 1, filters: [] }], { caps: { requestsMax: 1 } });
  const first = mesh.dial("service");
  await mesh.pass(50);
  first.say("stay");
  await mesh.pass(50);
  expect(await ask(mesh)).toBe("");
  expect(mesh.caller.records[0]?.reason).toBe("queue-full");
  first.connection!.end();
  await mesh.pass(100);
  expect(await ask(mesh)).toBe("HELLO");
});

test("a policy's time limits hold for connections of octets", async () => {
  const mesh = routed([{ backend, weight: 1, filters: [] }], { lifetimeMs: 1000 });
  const client = mesh.dial("service");
  await mesh.pass(50);
  client.say("a");
  await mesh.pass(800);
  expect(client.end).toBeNull();
  await mesh.pass(300);
  expect(client.end).not.toBeNull();
});
