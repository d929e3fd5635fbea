// Both ends of WebSocket connections.
//   websocket.mjs serve <port>                        sends each message back
//   websocket.mjs load <port> <connections> <s>       one message under way on each; prints how many came back
import { WebSocket, WebSocketServer } from "ws";

const [mode, port, connections, seconds] = process.argv.slice(2);
if (mode === "serve") {
  new WebSocketServer({ port: Number(port), host: "127.0.0.1", perMessageDeflate: false }).on(
    "connection",
    (socket) => {
      socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
      socket.on("error", () => {});
    },
  );
} else {
  const message = Buffer.alloc(64, "m");
  let count = 0;
  for (let each = 0; each < Number(connections); each++) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
    socket.on("open", () => socket.send(message));
    socket.on("message", (data) => {
      if (!message.equals(data)) throw new Error("another message came back");
      count++;
      socket.send(message);
    });
    socket.on("error", (error) => {
      console.error(String(error));
      process.exit(1);
    });
  }
  setTimeout(() => {
    console.log(count);
    process.exit(count > 0 ? 0 : 1);
  }, Number(seconds) * 1000);
}
