import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { TestAuthority } from "../../../mesh/test/net/certificates.ts";
import { probeHttp, probeTcp } from "./probe.ts";

test("a process that speaks TLS is asked so, whoever has signed its certificate", async () => {
  const authority = await TestAuthority.make();
  const { keyPem, chainPem } = await authority.issueServer("kvs.internal");
  const server = createServer({ key: keyPem, cert: chainPem }, (request, reply) => {
    reply.statusCode = request.url === "/ready" ? 204 : 503;
    reply.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  expect(await probeHttp({ port, path: "/ready", isTls: true }, 5000)).toBeNull();
  expect(await probeHttp({ port, path: "/", isTls: true }, 5000)).toBe("HTTP 503");
  expect(await probeHttp({ port, path: "/ready", isTls: false }, 5000)).not.toBeNull();
  expect(await probeTcp(port, 5000)).toBeNull();
  server.closeAllConnections();
  server.close();
});
