import { SocketTransport } from "@heddle/mesh/net/socket/transport.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import { realBackend } from "./real-backend.ts";
import { recorder } from "./recorder-rig.ts";
import { suite } from "./transport-suite.ts";

// A recorder looks on: whoever speaks through it, HTTP or not, TLS or not, notices nothing.
suite("recorded", () => {
  const clock = new SystemClock();
  const wrapped = recorder("e1", clock);
  return realBackend(() => wrapped.wrap(new SocketTransport({ clock })), {
    bulkBytes: 20 * 1024 * 1024, // more than the kernel may take at once
    tellsCutOff: false,
  });
});
