import { findTool } from "../rig/programs.ts";
import { grpcCases } from "./cases/grpc.ts";
import { httpCases } from "./cases/http.ts";
import { serverCases } from "./cases/servers.ts";
import { tcpCases } from "./cases/tcp.ts";
import { webSocketCases } from "./cases/websocket.ts";
import type { RealCase } from "./real-case.ts";
import { type RealMesh, servers } from "./real-mesh.ts";

export const realCases: readonly RealCase[] = [
  ...httpCases,
  ...grpcCases,
  ...webSocketCases,
  ...tcpCases,
  ...serverCases,
];

/** What a case lacks on this machine, with the package to install; null: nothing. */
export function lacks({ tools = [], server }: RealCase, mesh: RealMesh): string | null {
  if (server !== undefined && !mesh.has.has(server))
    return `${server} is not installed (apt-get install ${servers[server]})`;
  const missing = tools.find((tool) => findTool(tool) === null);
  if (missing === undefined) return null;
  return `${missing} is not installed (apt-get install ${packages[missing] ?? missing})`;
}

const packages: Readonly<Record<string, string>> = {
  h2load: "nghttp2-client",
  nghttp: "nghttp2-client",
  psql: "postgresql-client",
  "redis-benchmark": "redis-tools",
  "redis-cli": "redis-tools",
  ssh: "openssh-client",
};
