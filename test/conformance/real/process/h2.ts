/** HTTP/2 by prior knowledge: gives back bodies, and how many octets they had in a trailer. */
import { constants, createServer, type ServerHttp2Stream } from "node:http2";

const server = createServer();
server.on("stream", (stream: ServerHttp2Stream, head) => {
  stream.on("error", () => {});
  const status = { ":status": 200, "x-method": head[":method"] ?? "" };
  stream.respond(status, { waitForTrailers: true });
  if (head["x-reset"] !== undefined) {
    // Once the part is on its way: what is still to be sent goes with the stream.
    stream.write("a part of a body", () => {
      setTimeout(() => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM), 20);
    });
    return;
  }
  let count = 0;
  stream.on("data", (bytes: Buffer) => {
    count += bytes.length;
  });
  stream.on("wantTrailers", () => stream.sendTrailers({ "x-octets": String(count) }));
  stream.pipe(stream);
});
server.on("sessionError", () => {});
server.listen(Number(process.env["PORT"]), "127.0.0.1");
