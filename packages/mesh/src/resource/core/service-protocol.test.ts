import { describe, expect, test } from "vitest";
import { service } from "../compile/samples.fixture.ts";
import { formatProblem, Problems } from "../schema/problem.ts";
import type { Service } from "./service.ts";
import { noteProtocols, protocolOf } from "./service-protocol.ts";

const ours = "heddle.dev/protocol";
const linkerds = "config.linkerd.io/opaque-ports";

function withPorts(ports: readonly object[], annotations: Record<string, string> = {}): Service {
  const made = service("kvs", { ports });
  return { ...made, metadata: { ...made.metadata, annotations } };
}

const protocolsOf = (kvs: Service) => kvs.spec.ports!.map((port) => protocolOf(kvs, port));

function notesOf(kvs: Service): readonly string[] {
  const notes = new Problems();
  noteProtocols(kvs, kvs.spec.ports!, notes);
  return notes.found.map(formatProblem);
}

const three = [
  { name: "web", port: 80 },
  { name: "grpc", port: 81, appProtocol: "grpc" },
  { name: "db", port: 4003 },
];

describe("what a port speaks", () => {
  test("is found out where nothing is said, whatever the port is called", () => {
    const ports = ["http", "grpc", "tcp-db", "tls"].map((name, index) => ({
      name,
      port: index + 1,
    }));
    expect(protocolsOf(withPorts(ports))).toEqual(Array(4).fill("detect"));
    expect(notesOf(withPorts(ports))).toEqual([]);
  });

  test.each([
    ["http", "http1"],
    ["HTTP", "http1"],
    ["http/1.1", "http1"],
    ["kubernetes.io/ws", "http1"],
    ["h2c", "h2c"],
    ["http2", "h2c"],
    ["grpc", "h2c"],
    ["kubernetes.io/h2c", "h2c"],
    ["https", "tls"],
    ["tls", "tls"],
    ["kubernetes.io/wss", "tls"],
    ["tcp", "opaque"],
    ["linkerd.io/tcp", "opaque"],
    ["linkerd.io/opaque", "opaque"],
    ["mysql", "opaque"],
  ])("appProtocol %s: %s", (appProtocol, protocol) => {
    const kvs = withPorts([{ port: 80, appProtocol }]);
    expect([protocolsOf(kvs), notesOf(kvs)]).toEqual([[protocol], []]);
  });

  test("is octets where appProtocol has a word that is not known, and a note says so", () => {
    const kvs = withPorts([{ port: 80, appProtocol: "example.com/thing" }]);
    expect(protocolsOf(kvs)).toEqual(["opaque"]);
    expect(notesOf(kvs)).toEqual([
      "spec.ports[0].appProtocol: heddle does not know example.com/thing: the port's octets are carried as they are (opaque)",
    ]);
  });

  test("is what our annotation says: one word for all ports, or by name and number", () => {
    expect(protocolsOf(withPorts(three, { [ours]: "http" }))).toEqual(["http", "http", "http"]);
    const some = withPorts(three, { [ours]: "web=h2c, 81=detect" });
    expect(protocolsOf(some)).toEqual(["h2c", "detect", "detect"]);
    expect(notesOf(some)).toEqual([]);
  });

  test("is octets on the ports that Linkerd's annotation lists, by number, range or name", () => {
    const kvs = withPorts(three, { [linkerds]: "81,4000-4010" });
    expect(protocolsOf(kvs)).toEqual(["detect", "opaque", "opaque"]);
    expect(protocolsOf(withPorts(three, { [linkerds]: "web" }))[0]).toBe("opaque");
    // Ours is before it.
    expect(protocolsOf(withPorts(three, { [linkerds]: "81", [ours]: "81=h2c" }))[1]).toBe("h2c");
  });

  test("has a note with the path for what names no port, is said twice, or is no protocol", () => {
    expect(notesOf(withPorts(three, { [linkerds]: "25,81, x" }))).toEqual([
      `metadata.annotations["${linkerds}"]: "25" is no port of the Service`,
      `metadata.annotations["${linkerds}"]: "x" is no port of the Service`,
    ]);
    expect(notesOf(withPorts(three, { [ours]: "web=h2c,80=tls,9=tls" }))).toEqual([
      `metadata.annotations["${ours}"]: "80" was said already, as "web"`,
      `metadata.annotations["${ours}"]: "9" is no port of the Service`,
    ]);
    const wrong = withPorts(three, { [ours]: "web=quic" });
    expect(protocolsOf(wrong)).toEqual(["detect", "h2c", "detect"]);
    expect(notesOf(wrong)).toEqual([
      `metadata.annotations["${ours}"]: expected one of detect, http, http1, h2c, tls, opaque, or port=protocol by name or number, with commas between, got "web=quic"`,
      `metadata.annotations["${ours}"]: nothing of it is acted on`,
    ]);
  });
});
