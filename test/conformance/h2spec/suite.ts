import { readFileSync } from "node:fs";
import { createServer } from "node:http2";
import { join } from "node:path";
import type { PortProtocol } from "@heddle/mesh/model/protocol.ts";
import { listen } from "../../support/ports.ts";
import { buildGo, runProgram } from "../rig/programs.ts";
import { ProxyPair, startPlainInbound } from "../rig/proxy-pair.ts";
import type { Rig } from "../rig/rig.ts";
import { openTlsDoor } from "../rig/tls-door.ts";
import { type CaseResult, NotRun, type Suite } from "../suite.ts";
import { readJunit } from "./junit.ts";

/**
 * h2spec (github.com/summerwind/h2spec) with its strict cases, against each kind of listener that takes HTTP/2 from others. It has
 * no client certificate of its own: to the inbound listener of a mesh it gets through a door that adds TLS and nothing else.
 */
export const h2specSuites: readonly Suite[] = [
  suite("h2spec-outbound", "h2spec --strict: outbound listener, nothing declared", async (rig) => {
    const { outbound } = await openPair(rig, "detect");
    return outbound;
  }),
  suite("h2spec-outbound-http", "h2spec --strict: outbound listener, http", async (rig) => {
    const { outbound } = await openPair(rig, "http");
    return outbound;
  }),
  suite("h2spec-inbound", "h2spec --strict: inbound listener, mutual TLS", async (rig) => {
    const { pair } = await openPair(rig, "detect");
    return openTlsDoor(rig, {
      port: pair.inboundPort,
      credentials: pair.credentials,
      serverName: pair.serverNameOf("origin"),
      alpn: "h2",
    });
  }),
  suite("h2spec-inbound-plain", "h2spec --strict: inbound listener, plain", async (rig) => {
    const target = await startOrigin(rig);
    const { port } = await startPlainInbound(rig, { name: "origin", protocol: "detect", target });
    return port;
  }),
];

async function openPair(
  rig: Rig,
  protocol: PortProtocol,
): Promise<{ readonly pair: ProxyPair; readonly outbound: number }> {
  const target = await startOrigin(rig);
  const pair = await ProxyPair.start(rig, [{ name: "origin", protocol, target }]);
  return { pair, outbound: pair.portOf("origin") };
}

function suite(name: string, title: string, open: (rig: Rig) => Promise<number>): Suite {
  return {
    name,
    title,
    async run(rig) {
      const [h2spec = ""] = buildH2spec(rig);
      return runH2spec(h2spec, await open(rig), rig.folder);
    },
  };
}

function buildH2spec(rig: Rig): readonly string[] {
  return buildGo(import.meta.dirname, ["github.com/summerwind/h2spec/cmd/h2spec"], rig.tools);
}

/** All cases against 127.0.0.1:`port`. */
export async function runH2spec(
  h2spec: string,
  port: number,
  folder: string,
): Promise<readonly CaseResult[]> {
  const report = join(folder, `h2spec-${port}.xml`);
  const command = [h2spec, "--strict", "-h", "127.0.0.1", "-p", String(port), "-o", "3"];
  const { code, stdout, stderr } = await runProgram([...command, "-j", report], {
    timeoutMs: 600_000,
  });
  let text: string;
  try {
    text = readFileSync(report, "latin1");
  } catch {
    throw new NotRun(`h2spec ended with ${code}: ${(stderr || stdout).trim().slice(-300)}`);
  }
  return readJunit(text);
}

/** A process behind the mesh that speaks HTTP/2 by prior knowledge; its replies are long enough for cases about windows. */
async function startOrigin(rig: Rig): Promise<number> {
  const body = Buffer.alloc(4096, "heddle ");
  const server = createServer((request, response) => {
    request.resume();
    response.on("error", () => {});
    response.writeHead(200, { "content-type": "text/plain" });
    response.end(body);
  });
  server.on("sessionError", () => {});
  const port = await listen(server);
  rig.onClose(() => void server.close());
  return port;
}
