// A control plane for the supervisor's tests: desires what `desired.json` says, again on each SIGHUP.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { FromHost, ToHost } from "../link.ts";

const folder = process.env["HEDDLE_MESH"]!;
const send = (message: ToHost) => process.send!(message);
const desire = () => send(JSON.parse(readFileSync(join(folder, "desired.json"), "utf8")));

process.on("disconnect", () => process.exit());
process.on("SIGHUP", desire);
process.on("message", (message: FromHost, handle: unknown) => {
  if (message.type === "socket") {
    createServer((_, reply) => reply.end(String(process.pid))).listen(handle as never);
  }
  if (message.type === "token-wanted") {
    const { workloadUid, keyFingerprint } = message;
    send({ type: "token", workloadUid, token: `for ${keyFingerprint}`, bundlePem: "" });
  }
});
desire();
