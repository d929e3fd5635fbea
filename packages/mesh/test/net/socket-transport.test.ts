import { SocketTransport } from "../../src/net/socket/transport.ts";
import { SystemClock } from "../../src/net/system-clock.ts";
import { realBackend } from "./real-backend.ts";
import { suite } from "./transport-suite.ts";

const clock = new SystemClock();

suite("net.Socket", () =>
  realBackend(() => new SocketTransport({ clock }), {
    bulkBytes: 20 * 1024 * 1024,
    tellsCutOff: false,
  }));
