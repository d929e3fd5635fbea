// An application for the supervisor's tests. It holds a connection to the test, which so sees it come and go.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { connect } from "node:net";

const [name = "app", ...manners] = process.argv.slice(2);
const does = (manner: string) => manners.includes(manner);
const report = connect(Number(process.env["REPORT_PORT"]), "127.0.0.1");
report.write(`${JSON.stringify({ name, pid: process.pid, env: process.env })}\n`);
report.on("close", () => process.exit());

if (does("stubborn")) process.on("SIGTERM", () => undefined);
if (does("daemon")) {
  // Leaves the process group and the session, and is nobody's child soon.
  spawn(process.execPath, [import.meta.filename, `${name}-daemon`, "stubborn"], {
    detached: true,
    stdio: "ignore",
  }).unref();
}
if (does("forgetful")) {
  // As programs do that write their title where their environment was.
  const env = { REPORT_PORT: process.env["REPORT_PORT"] };
  spawn(process.execPath, [import.meta.filename, `${name}-child`, "stubborn"], {
    env,
    stdio: "ignore",
  });
}
if (does("crash")) report.once("connect", () => setTimeout(() => process.exit(3), 10));
if (does("serve")) {
  createServer((_, reply) => reply.end("ok")).listen(Number(process.env["PORT"]), "127.0.0.1");
}
console.log(`hello from ${name}`);
