// A proxy for the supervisor's tests: wants a token, is ready once it has it, answers on its sockets with its pid.
import { createServer } from "node:http";
import type { FromProxy, ToProxy } from "@heddle/mesh/proxy/host-link.ts";

const send = (message: FromProxy) => process.send!(message);
process.on("disconnect", () => process.exit());
process.on("message", (message: ToProxy, handle: unknown) => {
  switch (message.type) {
    case "start":
      console.log(`control at ${message.control.port}`);
      send({ type: "token-wanted", keyFingerprint: message.workloadUid });
      break;
    case "socket":
      createServer((_, reply) => reply.end(String(process.pid))).listen(handle as never);
      break;
    case "token": {
      console.log(`token ${message.token}`);
      const version = { epoch: "e", revision: 1, endpointsVersion: 1 };
      send({ type: "ready", version, fromDisk: false });
      break;
    }
    case "drain":
      console.log(message.isFinal ? "draining" : "finishing");
      send({ type: "drained" });
      break;
  }
});
