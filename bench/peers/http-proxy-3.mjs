// The Node proxy people use, as its README says, with keep-alive to the upstream. JavaScript, as stripping types
// would add to its memory.
//   http-proxy-3.mjs <port> <upstream port>
import { Agent } from "node:http";
import proxies from "http-proxy-3";

const [port, upstream] = process.argv.slice(2).map(Number);
proxies
  .createProxyServer({
    target: { host: "127.0.0.1", port: upstream },
    agent: new Agent({ keepAlive: true, maxSockets: 1024, maxFreeSockets: 1024 }),
  })
  .listen(port, "127.0.0.1");
