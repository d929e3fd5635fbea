import { adoptSocket, receiveSocket } from "../../src/net/bound-socket.ts";
import { openTransport } from "../../src/net/open-transport.ts";
import { SystemClock } from "../../src/net/system-clock.ts";
import type { BoundSocket, Connection, Transport } from "../../src/net/transport.ts";

// A child process of bound-socket.test.ts: listens on what it is given and answers each connection with its own pid.

async function serve(transport: Transport, socket: BoundSocket): Promise<void> {
  const text = Buffer.from(`${process.pid}\n`);
  await transport.listen({ at: socket, tls: null }, (connection: Connection) => {
    connection.write(text, 0, text.length);
    connection.end();
    return { onOpen() {}, onBytes() {}, onEnd() {}, onDrain() {}, onClose() {} };
  });
}

const { transport } = await openTransport({ clock: new SystemClock() });
if (process.argv[2] === "inherited") {
  await serve(transport, adoptSocket(Number(process.argv[3])));
  process.send?.({ ready: true });
} else {
  process.on("message", (_message, handle) => {
    const socket = receiveSocket(handle);
    if (socket === null) throw new Error("a message without a socket");
    void serve(transport, socket).then(() => process.send?.({ ready: true }));
  });
  process.send?.({ ready: false });
}
process.on("disconnect", () => process.exit());
