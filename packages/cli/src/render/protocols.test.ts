import type { Service } from "@heddle/mesh/resource/core/service.ts";
import { expect, test } from "vitest";
import { formatProtocols } from "./protocols.ts";

const service: Service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: {
    name: "kvs",
    annotations: {
      "heddle.dev/protocol": "web=http",
      "config.linkerd.io/opaque-ports": "5432",
    },
  },
  spec: {
    ports: [
      { name: "web", port: 80 },
      { name: "db", port: 5432 },
      { name: "rpc", port: 81, appProtocol: "grpc" },
      { name: "any", port: 82 },
      { name: "dns", port: 53, protocol: "UDP" },
    ],
  },
};

test("each port that is served is told with its protocol, and what says so", () => {
  expect(formatProtocols(service, ["h2", "tcp"])).toBe(`\
PORT   NAME   PROTOCOL   SAID BY
80     web    http       heddle.dev/protocol
5432   db     opaque     config.linkerd.io/opaque-ports
81     rpc    h2c        appProtocol grpc
82     any    detect     -
spoken in the last 60 s: h2, tcp
`);
});

test("a Service that serves nothing is told nothing of", () => {
  expect(formatProtocols({ ...service, spec: { ports: [] } }, [])).toBe("");
});
