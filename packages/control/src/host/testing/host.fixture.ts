// A supervisor in a process of its own, so that a test can kill it.
import { hostFor } from "./harness.fixture.ts";

const [stateDir = "", runId = ""] = process.argv.slice(2);
const supervisor = hostFor(stateDir, runId, {
  onChange: () => undefined,
  onRemark: () => undefined,
  onLine: () => undefined,
});
await supervisor.start();
