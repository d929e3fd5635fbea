import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { Metrics } from "@heddle/mesh/telemetry/metrics.ts";
import { renderMetrics } from "@heddle/mesh/telemetry/metrics-text.ts";
import { TelemetryRecorder } from "@heddle/mesh/telemetry/recorder.ts";
import { expect, test } from "vitest";
import { clientHello } from "../support/client-hello.ts";
import { type Script, TcpMesh } from "./tcp-mesh.ts";

const greets: Script = (server) => server.say("220 mail\r\n");

function setUp(options: ConstructorParameters<typeof TcpMesh>[1] = {}) {
  const metrics = new Metrics();
  const clock = new VirtualClock();
  const counter = new TelemetryRecorder({ clock, metrics, life: "l", workload: "caller-0" });
  const mesh = new TcpMesh(greets, { ...options, counter });
  const lines = (name: string) =>
    renderMetrics(metrics, "prometheus")
      .split("\n")
      .filter((line) => line.startsWith(name));
  return { mesh, lines };
}

test("each connection to a port that declares nothing is counted once, with what it was found to carry", async () => {
  const { mesh, lines } = setUp();
  mesh.dial();
  await mesh.pass(100);
  const secret = mesh.dial();
  await mesh.pass(1);
  secret.say(clientHello("db"));
  await mesh.pass(100);
  const asking = mesh.dial();
  await mesh.pass(1);
  for (let turn = 0; turn < 3; turn++) {
    asking.say("GET / HTTP/1.1\r\nHost: db\r\n\r\n");
    await mesh.pass(20);
  }
  expect(lines("heddle_detect_total").sort()).toEqual([
    'heddle_detect_total{protocol="http/1.1",reason="client spoke HTTP/1.1"} 1',
    'heddle_detect_total{protocol="tcp",reason="server spoke first"} 1',
    'heddle_detect_total{protocol="tls",reason="client spoke TLS"} 1',
  ]);
  const untilTold = lines('heddle_detect_latency_ms_sum{protocol="tcp"}')[0]!.split(" ").at(-1);
  expect(Number(untilTold)).toBeGreaterThanOrEqual(10);
  expect(Number(untilTold)).toBeLessThan(60);
});

test("what is declared is not found out, and not counted", async () => {
  const { mesh, lines } = setUp({ protocol: "opaque" });
  const client = mesh.dial();
  await mesh.pass(100);
  expect(client.heard).toBe("220 mail\r\n");
  expect(lines("heddle_detect_total")).toEqual([]);
});
