// A proxy on node:http2, server to client, streams piped: what HTTP/2 costs in Node without a codec of one's own.
//   node-http2.mjs <port> <upstream port>
import { connect, constants, createServer } from "node:http2";

const [port, upstream] = process.argv.slice(2).map(Number);
const { HTTP2_HEADER_STATUS } = constants;
let client = dial();

function dial() {
  const session = connect(`http://127.0.0.1:${upstream}`, { settings: { enablePush: false } });
  session.on("error", () => {});
  session.on("close", () => {
    client = dial();
  });
  return session;
}

createServer()
  .on("stream", (stream, headers) => {
    const asked = client.request(headers, { endStream: stream.endAfterHeaders });
    asked.on("response", (reply) => {
      if (stream.destroyed || stream.closed) return;
      stream.respond(
        { [HTTP2_HEADER_STATUS]: reply[HTTP2_HEADER_STATUS], ...reply },
        { waitForTrailers: true },
      );
      asked.pipe(stream);
    });
    let trailers = {};
    asked.on("trailers", (fields) => {
      trailers = fields;
    });
    stream.on("wantTrailers", () => {
      if (!stream.destroyed) stream.sendTrailers(trailers);
    });
    asked.on("error", () => stream.close());
    stream.on("error", () => asked.close());
    if (!stream.endAfterHeaders) stream.pipe(asked);
  })
  .listen(port, "127.0.0.1");
