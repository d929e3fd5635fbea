import { once } from "node:events";
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { tcp } from "@heddle/mesh/model/address.ts";
import { defaultBackendPolicy } from "@heddle/mesh/policy/backend-policy.ts";
import { afterEach, expect, test } from "vitest";
import { type ProxyRig, startProxy } from "../relay/mesh-rig.ts";
import { endpointsDoc, proxyDoc, serviceDoc } from "../support/documents.ts";

let proxy: ProxyRig | null = null;
let server: Http2Server | null = null;
afterEach(() => {
  proxy?.workload.close();
  server?.close();
});

test("gRPC's health service is asked over real HTTP/2, and its word is taken", async () => {
  let status = 1;
  const asked: string[] = [];
  let onAsked = () => {};
  server = createServer();
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      asked.push(`${headers[":path"]} ${Buffer.concat(chunks).subarray(7).toString()}`);
      stream.respond(
        { ":status": 200, "content-type": "application/grpc" },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, status]));
      onAsked();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  proxy = await startProxy(null);
  await proxy.serve([
    proxyDoc("caller"),
    serviceDoc("kvs", {
      ports: [{ name: "grpc", number: 80, protocol: "h2c", routes: null }],
      policy: {
        ...defaultBackendPolicy,
        health: {
          check: { protocol: "grpc", service: "kvs.v1.Kvs" },
          intervalMs: 20,
          timeoutMs: 30_000, // longer than a busy machine keeps an answer waiting
          unhealthyAfter: 1,
          healthyAfter: 1,
        },
      },
    }),
    endpointsDoc("kvs", ["a"], {
      endpoints: endpointsDoc("kvs", ["a"]).endpoints.map((one) => ({
        ...one,
        address: tcp("127.0.0.1", (server!.address() as AddressInfo).port),
      })),
    }),
  ]);
  const backend = proxy.workload.upstream.backend("default/kvs", 80);
  const nowMs = proxy.workload.upstream.context.clock.monotonicMs();
  const { health } = backend.pick(nowMs, -1, null)!;
  const answered = (count: number) =>
    new Promise<void>((resolve) => {
      let left = count;
      onAsked = () => void (--left === 0 && resolve());
    });
  await answered(2);
  expect([asked[0], health.isSick]).toEqual(["/grpc.health.v1.Health/Check kvs.v1.Kvs", false]);
  status = 2; // NOT_SERVING
  await answered(3);
  expect(health.isSick).toBe(true);
  status = 1;
  await answered(3);
  expect(health.isSick).toBe(false);
});
