import { equal } from "../../real/equal.ts";
import type { EchoMesh } from "../echo-mesh.ts";
import { backend, manifest, parent, route } from "../manifest.ts";
import { comesOut, holds, staysSo, type TrafficCase } from "../traffic-case.ts";
import { expectShare, grpcShares } from "../weights.ts";

const parentRefs = [parent("echo", { port: 7070 })];
const to = (name: string, more: object = {}) => ({
  backendRefs: [backend(name, { port: 7070, ...more })],
});
const echo = "/proto.EchoTestService/Echo";

function grpcRoute(name: string, rules: readonly object[]): object {
  return route("GRPCRoute", name, rules, { parentRefs });
}

/** Calls until the answer has this status of gRPC, and is of this backend where one is named. */
function expectCall(
  { client }: EchoMesh,
  call: {
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly status?: number;
    readonly backend?: string;
  },
): Promise<void> {
  return staysSo(async () => {
    const answer = await client.call("echo", call.path, call.headers);
    equal(answer.grpcStatus, call.status ?? 0, `${call.path}: status (${answer.message})`);
    if (call.backend !== undefined)
      equal(answer.echo?.hostname, `${call.backend}-0`, `${call.path}: backend`);
  });
}

/** GRPCRoute: what the specification says of matches, filters and failures. */
export const grpcCases: readonly TrafficCase[] = [
  {
    name: "GRPCRoute: the longer service and method win, then headers",
    manifests: manifest(
      grpcRoute("r", [
        { matches: [{ method: { service: "proto.EchoTestService" } }], ...to("echo-v1") },
        {
          matches: [{ method: { service: "proto.EchoTestService", method: "ForwardEcho" } }],
          ...to("echo-v2"),
        },
        {
          matches: [
            {
              method: { service: "proto.EchoTestService" },
              headers: [{ name: "x-version", value: "two" }],
            },
          ],
          ...to("echo-v2"),
        },
      ]),
    ),
    async run(mesh) {
      await expectCall(mesh, { path: echo, backend: "echo-v1" });
      await expectCall(mesh, { path: "/proto.EchoTestService/ForwardEcho", backend: "echo-v2" });
      await expectCall(mesh, { path: echo, headers: { "x-version": "two" }, backend: "echo-v2" });
    },
  },
  {
    name: "GRPCRoute: a call that no rule matches is UNIMPLEMENTED",
    manifests: manifest(
      grpcRoute("r", [
        { matches: [{ method: { service: "proto.EchoTestService" } }], ...to("echo-v1") },
      ]),
    ),
    async run(mesh) {
      await expectCall(mesh, { path: echo, backend: "echo-v1" });
      await expectCall(mesh, { path: "/proto.SecondService/Echo", status: 12 });
    },
  },
  {
    name: "GRPCRoute: the share of an invalid backend is UNAVAILABLE",
    manifests: manifest(
      grpcRoute("r", [
        {
          backendRefs: [backend("echo-v1", { port: 7070 }), backend("absent", { port: 7070 })],
        },
      ]),
    ),
    run: ({ client }) =>
      comesOut(async () => {
        const got = await grpcShares(client, 100);
        equal(got["echo-v1"], 50, `answers of echo-v1 in ${JSON.stringify(got)}`);
        equal(got["grpc 14"], 50, `UNAVAILABLE in ${JSON.stringify(got)}`);
      }),
  },
  {
    name: "GRPCRoute: methods and headers by regular expressions",
    manifests: manifest(
      grpcRoute("r", [
        {
          matches: [
            {
              method: {
                type: "RegularExpression",
                service: "proto[.](Echo|Other).*",
                method: "E.*",
              },
              headers: [{ type: "RegularExpression", name: "x-user", value: "a+" }],
            },
          ],
          ...to("echo-v2"),
        },
      ]),
    ),
    async run(mesh) {
      await expectCall(mesh, { path: echo, headers: { "x-user": "aaa" }, backend: "echo-v2" });
      await expectCall(mesh, { path: echo, headers: { "x-user": "b" }, status: 12 });
      await expectCall(mesh, {
        path: "/proto.SecondService/Echo",
        headers: { "x-user": "aaa" },
        status: 12,
      });
    },
  },
  {
    name: "GRPCRoute: fields of the reply, and a copy for another",
    manifests: manifest(
      grpcRoute("r", [
        {
          filters: [
            {
              type: "RequestMirror",
              requestMirror: { backendRef: backend("echo-v2", { port: 7070 }) },
            },
          ],
          ...to("echo-v1"),
        },
      ]),
    ),
    async run(mesh) {
      await expectCall(mesh, { path: echo, backend: "echo-v1" });
      const key = `grpc-${process.pid}`;
      for (let at = 0; at < 10; at++) await mesh.client.call("echo", echo, { "x-key": key });
      await holds(async () => {
        equal((await mesh.seen("echo-v2-0", key)).length, 10, "copies");
        equal((await mesh.seen("echo-v1-0", key)).length, 10, "calls");
      });
    },
  },
  {
    name: "GRPCRoute: weights hold for one caller with one connection, call by call",
    manifests: manifest(
      grpcRoute("r", [
        {
          backendRefs: [
            backend("echo-v1", { port: 7070, weight: 1 }),
            backend("echo-v2", { port: 7070, weight: 3 }),
          ],
        },
      ]),
    ),
    run: ({ client }) =>
      comesOut(async () =>
        expectShare(await grpcShares(client, 100), { "echo-v1": 1, "echo-v2": 3 }, 100),
      ),
  },
];
