import type { PortProtocol } from "@heddle/mesh/model/protocol.ts";
import { freePort, whenListening } from "../../support/ports.ts";
import { buildGo, runProgram } from "../rig/programs.ts";
import { ProxyPair } from "../rig/proxy-pair.ts";
import type { Rig } from "../rig/rig.ts";
import type { CaseResult, Suite } from "../suite.ts";
import { type BadCase, BadServer } from "./bad-server.ts";

/**
 * The cases of grpc's interoperability tests (grpc/grpc, interop-test-descriptions) that grpc-go's client has and that need no
 * account anywhere.
 */
export const interopCases = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "status_code_and_message",
  "special_status_message",
  "custom_metadata",
  "unimplemented_method",
  "unimplemented_service",
  "orca_per_rpc",
  "orca_oob",
  "rpc_soak",
  "channel_soak",
] as const;

/** Those whose server misbehaves. */
export const negativeCases: readonly BadCase[] = [
  "goaway",
  "rst_after_header",
  "rst_during_data",
  "rst_after_data",
  "ping",
  "max_streams",
];

/** grpc-go's interop client and server through two proxies, where nothing is declared, and where `h2c` is. */
export const grpcSuites: readonly Suite[] = [
  suite("grpc", "gRPC interop through two proxies, nothing declared", "detect"),
  suite("grpc-h2c", "gRPC interop through two proxies, declared h2c", "h2c"),
];

interface Programs {
  readonly client: string;
  readonly server: string;
  readonly negativeClient: string;
}

function suite(name: string, title: string, protocol: PortProtocol): Suite {
  return {
    name,
    title,
    async run(rig) {
      const programs = build(rig);
      const results: CaseResult[] = [];
      const target = await startServer(rig, programs);
      const bad = new Map<BadCase, BadServer>();
      for (const badCase of negativeCases) bad.set(badCase, await BadServer.start(rig, badCase));
      const pair = await ProxyPair.start(rig, [
        { name: "interop", protocol, target },
        ...[...bad].map(([badCase, { port }]) => ({
          name: badCase.replaceAll("_", "-"),
          protocol,
          target: port,
        })),
      ]);
      for (const name of interopCases)
        results.push(await runInterop(programs, pair.portOf("interop"), name));
      for (const [badCase, server] of bad) {
        const mesh = pair.portOf(badCase.replaceAll("_", "-"));
        const ports = { mesh, direct: server.port };
        results.push(await runNegative(programs, ports, badCase, server));
      }
      return results;
    },
  };
}

/** The programs, built once in a run. */
export function build(rig: Rig): Programs {
  const [client = "", server = "", negativeClient = ""] = buildGo(
    import.meta.dirname,
    ["client", "server", "http2"].map((name) => `google.golang.org/grpc/interop/${name}`),
    rig.tools,
  );
  return { client, server, negativeClient };
}

export async function startServer(rig: Rig, { server }: Programs): Promise<number> {
  const port = await freePort();
  rig.start([server, `--port=${port}`]);
  await whenListening(port);
  return port;
}

/** grpc-go's own script gives a case 20 s. */
const timeoutMs = 30_000;
/** What the ORCA cases look at is gathered by this load balancer of the client (interop_test.sh). */
const serviceConfig = '{"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}';

export async function runInterop(
  { client }: Programs,
  port: number,
  name: string,
): Promise<CaseResult> {
  const args = [`--server_host=127.0.0.1`, `--server_port=${port}`, `--test_case=${name}`];
  return judge(name, [client, ...args, `--service_config_json=${serviceConfig}`], () => null);
}

/**
 * A negative case through the mesh. Where the client is not content with its server without a mesh either, it must say the same of
 * both: of `rst_during_data` grpc-go's wants the code Unknown and itself makes Internal of it, and the descriptions ask for no code.
 */
export async function runNegative(
  { negativeClient }: Programs,
  ports: { readonly mesh: number; readonly direct: number },
  badCase: BadCase,
  server: BadServer,
): Promise<CaseResult> {
  const ask = (port: number, objection: () => string | null): Promise<CaseResult> => {
    const args = ["--server_host=127.0.0.1", `--server_port=${port}`, `--test_case=${badCase}`];
    return judge(badCase, [negativeClient, ...args], objection);
  };
  const result = await ask(ports.mesh, () => server.objection(badCase));
  if (result.verdict === "passed") return result;
  const direct = await ask(ports.direct, () => null);
  const said = verdictOf(result);
  const isSame = said !== null && said === verdictOf(direct);
  return isSame ? { name: badCase, verdict: "passed", detail: "" } : result;
}

/** What a client has said, without time and addresses. */
function verdictOf({ detail }: CaseResult): string | null {
  return /= _, (\w+), want _, (\w+)/.exec(detail)?.[0] ?? null;
}

async function judge(
  name: string,
  command: readonly string[],
  objection: () => string | null,
): Promise<CaseResult> {
  const { code, stderr } = await runProgram(command, { timeoutMs });
  const words = stderr.trim().slice(-400).replace(/\s+/g, " ");
  const why =
    code === null ? `not done after ${timeoutMs} ms ${words}` : code === 0 ? objection() : words;
  return { name, verdict: why === null ? "passed" : "failed", detail: why ?? "" };
}
