import { createServer, connect as dialTcp, type Socket } from "node:net";
import { connect as dialTls } from "node:tls";
import type { TlsCredentials } from "@heddle/mesh/net/transport.ts";
import { listen } from "../../support/ports.ts";
import type { Rig } from "./rig.ts";

/**
 * A plain port that leads to a proxy's inbound listener: what is said to it is said there, octet by octet, on a connection of mutual
 * TLS. For clients without a certificate.
 */
export async function openTlsDoor(
  rig: Rig,
  to: {
    readonly port: number;
    readonly credentials: TlsCredentials;
    readonly serverName: string;
    readonly alpn: string;
  },
): Promise<number> {
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (plain) => {
    const tcp = dialTcp({ host: "127.0.0.1", port: to.port, allowHalfOpen: true });
    const secure = dialTls({
      socket: tcp,
      servername: to.serverName,
      ALPNProtocols: [to.alpn],
      key: to.credentials.keyPem,
      cert: to.credentials.chainPem,
      ca: to.credentials.bundlePem,
      checkServerIdentity: () => undefined, // its name is a SPIFFE ID; whoever owns the rig owns the proxy
    });
    keep(plain);
    keep(tcp);
    plain.pipe(secure);
    secure.pipe(plain);
    plain.on("error", () => secure.destroy());
    secure.on("error", () => plain.resetAndDestroy());
    plain.once("close", () => secure.destroy());
    secure.once("close", () => plain.destroySoon());
  });
  const port = await listen(server);
  rig.onClose(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return port;
}
