import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { GenerationFolder } from "@heddle/mesh/identity/generation.ts";
import { type ContractDoc, type Document, documentKey } from "@heddle/mesh/model/document.ts";
import { type SpiffeId, toSpiffeId } from "@heddle/mesh/model/identity.ts";
import type { PortProtocol } from "@heddle/mesh/model/protocol.ts";
import { formatServerName } from "@heddle/mesh/model/server-name.ts";
import { type BoundTcpSocket, bindSocket } from "@heddle/mesh/net/bound-socket.ts";
import { diffSnapshots } from "@heddle/mesh/snapshot/diff.ts";
import { Digester } from "@heddle/mesh/snapshot/digest.ts";
import { findPrograms, leanMalloc } from "../../packages/cli/src/command/programs.ts";
import type { Leaf } from "../rig/certificates.ts";
import type { Child } from "../rig/children.ts";
import { freePort, whenListening } from "../rig/ports.ts";
import type { Rig } from "../rig/rig.ts";
import { calleeDocuments, callerDocuments } from "./heddle-documents.ts";
import type { Running, Subject, Topology } from "./subject.ts";

const common = ["an HTTPRoute matched", "P2C with peak EWMA", "time-outs", "records", "metrics"];
const mtls = "mutual TLS 1.3, P-256, SPIFFE identities checked";

/** What is done beside, where the cost of recording is looked at. */
export interface Recorded {
  readonly contract: ContractDoc | null;
  /** Port of a control plane; null: nobody answers there. */
  readonly control: number | null;
}

const nothing: Recorded = { contract: null, control: null };

/** What the service's port carries, and which origin stands behind it. */
export interface Carried {
  readonly protocol: PortProtocol;
  /** Port of the origin; absent: the rig's. */
  readonly origin?: number;
  /** Environment of the proxies, beside their own. */
  readonly env?: Readonly<Record<string, string>>;
}

const benchServerName = formatServerName({
  workloadUid: "callee",
  namespace: "default",
  service: "bench",
  port: 80,
});

const http: Carried = { protocol: "http" };

/** heddle as `npm run up` runs it: the same program and heap flags, everything it records switched on. */
export function heddle(
  topology: Topology,
  recorded: Recorded = nothing,
  carried: Carried = http,
): Subject {
  return {
    name: "heddle",
    topology,
    features: [...common, ...(topology === "two-hop-mtls" ? [mtls] : [])],
    async start(rig) {
      return topology === "one-hop-plain"
        ? startPlain(rig, recorded, carried)
        : startPair(rig, recorded, carried);
    },
  };
}

/** One proxy from documents on disk, as in the Walk profile. */
async function startPlain(
  rig: Rig,
  { contract }: Recorded,
  { protocol, origin, env }: Carried,
): Promise<Running> {
  const folder = join(rig.folder, "heddle-plain");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const upstream = origin ?? rig.origin.port;
  const documents = callerDocuments({
    port,
    upstream,
    identity: null,
    peer: null,
    contract,
    protocol,
  });
  const config = join(folder, "documents.json");
  writeFileSync(config, JSON.stringify({ documents }));
  const child = rig.children.start({
    name: "heddle",
    cpu: rig.cpus.proxy,
    command: [...(await findPrograms()).proxy, "--config", config, "--state", folder],
    env: { ...leanMalloc, ...env },
  });
  const admin = join(folder, "admin.sock");
  return {
    port,
    proxies: [child],
    stallMs: () => longestStallMs(admin),
    setRecording: (isOn) => setRecording([admin], isOn),
  };
}

/** Two proxies as a supervisor starts them, over IPC, each with a leaf and documents of an earlier life on its disk:
 *  they serve although no control plane answers, and ask for one at the usual intervals. */
async function startPair(
  rig: Rig,
  { contract, control }: Recorded,
  { protocol, origin, env }: Carried,
): Promise<Running> {
  const { bundle, caller, callee } = rig.certificates();
  const upstream = origin ?? rig.origin.port;
  const [callerId, calleeId] = [needId(caller), needId(callee)];
  const inbound = bindSocket("127.0.0.1", 0);
  const outbound = bindSocket("127.0.0.1", 0);
  try {
    const second = await startHosted(rig, "callee", {
      leaf: callee,
      bundle,
      documents: calleeDocuments({
        port: inbound.port,
        upstream,
        identity: calleeId,
        contract,
        protocol,
      }),
      control,
      env: env ?? {},
      listener: "inbound",
      socket: inbound,
    });
    await whenListening(inbound.port);
    const first = await startHosted(rig, "caller", {
      leaf: caller,
      bundle,
      documents: callerDocuments({
        port: outbound.port,
        upstream: inbound.port,
        identity: callerId,
        peer: calleeId,
        contract,
        protocol,
      }),
      control,
      env: env ?? {},
      listener: "outbound",
      socket: outbound,
    });
    return {
      port: outbound.port,
      inbound: { port: inbound.port, serverName: benchServerName },
      proxies: [first.child, second.child],
      stallMs: async () =>
        Math.max(await longestStallMs(first.admin), await longestStallMs(second.admin)),
      setRecording: (isOn) => setRecording([first.admin, second.admin], isOn),
    };
  } finally {
    // The proxies hold their own: one that ends is to refuse, not to leave callers waiting.
    inbound.close();
    outbound.close();
  }
}

async function startHosted(
  rig: Rig,
  uid: string,
  options: {
    readonly leaf: Leaf;
    readonly bundle: string;
    readonly documents: readonly Document[];
    readonly control: number | null;
    readonly env: Readonly<Record<string, string>>;
    readonly listener: string;
    readonly socket: BoundTcpSocket;
  },
): Promise<{ readonly child: Child; readonly admin: string }> {
  const stateDir = join(rig.folder, `heddle-${uid}`);
  rmSync(stateDir, { recursive: true, force: true });
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  await saveGeneration(stateDir, options);
  const child = rig.children.start({
    name: `heddle ${uid}`,
    cpu: rig.cpus.proxy,
    command: [...(await findPrograms()).proxy, "--host"],
    env: { ...leanMalloc, ...options.env },
    hasChannel: true,
  });
  const control = { host: "127.0.0.1", port: options.control ?? (await freePort()) };
  child.send({ type: "start", workloadUid: uid, stateDir, control });
  await child.sendSocket({ type: "socket", name: options.listener }, options.socket);
  return { child, admin: join(stateDir, "admin.sock") };
}

/** What a proxy of an earlier life left: key, leaf, bundle and the documents it acted on. */
async function saveGeneration(
  stateDir: string,
  options: {
    readonly leaf: Leaf;
    readonly bundle: string;
    readonly documents: readonly Document[];
  },
): Promise<void> {
  const { leaf, bundle, documents } = options;
  const version = { epoch: "bench", revision: 1, endpointsVersion: 1 };
  const held = new Map(documents.map((document) => [documentKey(document), document]));
  const whole = diffSnapshots(null, { ...version, documents: held }, new Digester());
  await new GenerationFolder(join(stateDir, "generation")).save({
    credentials: {
      generation: 1,
      spiffeId: needId(leaf),
      keyPem: readFileSync(leaf.key, "utf8"),
      chainPem: readFileSync(leaf.certificate, "utf8"),
      bundlePem: readFileSync(bundle, "utf8"),
    },
    snapshot: { whole, wants: ["default/bench"] },
  });
}

function needId(leaf: Leaf): SpiffeId {
  const id = toSpiffeId(leaf.spiffeId);
  if (id === null) throw new Error(`${leaf.spiffeId} is not a SPIFFE ID of heddle's form`);
  return id;
}

/** What the proxy's own metrics say, in ms, since it started. */
async function longestStallMs(adminSocket: string): Promise<number> {
  const text = await fetchText(adminSocket, "GET", "/metrics", "");
  const seconds = /^process_event_loop_stall_max_seconds(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1];
  if (seconds === undefined) throw new Error("no process_event_loop_stall_max_seconds in /metrics");
  return Number(seconds) * 1000;
}

async function setRecording(adminSockets: readonly string[], isOn: boolean): Promise<void> {
  const word = isOn ? "on" : "off";
  for (const socket of adminSockets) {
    const said = await fetchText(socket, "PUT", "/recording", word);
    if (said !== `${word}\n`) throw new Error(`recording not switched ${word}: ${said}`);
  }
}

function fetchText(
  socketPath: string,
  method: string,
  path: string,
  body: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, method, path, timeout: 5000 }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.once("end", () => resolve(text)).once("error", reject);
    });
    asking.once("error", reject).once("timeout", () => asking.destroy(new Error("admin: 5 s")));
    asking.end(body);
  });
}
