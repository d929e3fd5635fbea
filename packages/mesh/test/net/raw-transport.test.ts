import { loadRawBinding } from "../../src/net/raw/binding.ts";
import { RawTransport } from "../../src/net/raw/transport.ts";
import { SystemClock } from "../../src/net/system-clock.ts";
import { realBackend } from "./real-backend.ts";
import { suite } from "./transport-suite.ts";

const clock = new SystemClock();

suite("raw handles", () =>
  realBackend(() => new RawTransport(loadRawBinding()!, { clock }), {
    bulkBytes: 100 * 1024 * 1024,
    tellsCutOff: true,
  }));
