import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApplyRequest, ApplyResult, WorkloadRow } from "@heddle/control/api/verbs.ts";
import { loadManifests } from "@heddle/control/manifest/load.ts";
import { formatProblems } from "@heddle/control/manifest/problem.ts";
import { kindOf } from "@heddle/mesh/resource/check.ts";
import { findKind } from "@heddle/mesh/resource/index.ts";
import { namespaceOf, type Resource } from "@heddle/mesh/resource/meta.ts";
import { ApiClient } from "../../../packages/cli/src/api/client.ts";
import { openGuest } from "../../../packages/cli/src/api/guest.ts";
import { listIntent } from "../../../packages/cli/src/command/manifests.ts";
import { type CommandResult, runHeddle } from "../../support/mesh.ts";
import { freePort } from "../../support/ports.ts";
import { NotRun } from "../suite.ts";
import { CapturedClient } from "./captured-client.ts";
import { EchoClient, send } from "./echo-client.ts";
import type { Echoed } from "./echo-shape.ts";

export const meshNamespace = "gateway-conformance-mesh";
export const consumerNamespace = "gateway-conformance-mesh-consumer";

/**
 * The mesh of upstream's base manifests: their Services as they are; for each of their Deployments, which are a cluster's affair,
 * a Process of the same name and labels.
 */
export class EchoMesh {
  /** Upstream's client is the pod of echo-v1; ours is a workload beside it, in whose name this process asks. */
  readonly client: EchoClient;
  /** The same in the other namespace. */
  readonly consumer: EchoClient;
  /** The two callers as captured processes; null where none were asked for. */
  readonly captured: { readonly client: CapturedClient; readonly consumer: CapturedClient } | null;
  readonly #api: ApiClient;
  readonly #folder: string;

  private constructor(parts: {
    readonly captured: EchoMesh["captured"];
    readonly client: EchoClient;
    readonly consumer: EchoClient;
    readonly api: ApiClient;
    readonly folder: string;
  }) {
    this.captured = parts.captured;
    this.client = parts.client;
    this.consumer = parts.consumer;
    this.#api = parts.api;
    this.#folder = parts.folder;
  }

  /** @param hasCaptured with two processes more, captured ones; that needs Linux and root */
  static async start(hasCaptured = false): Promise<EchoMesh> {
    const folder = mkdtempSync(join(tmpdir(), "heddle-echo-"));
    try {
      writeFileSync(join(folder, "mesh.yaml"), baseManifest(folder, hasCaptured));
      const up = await runHeddle(["up", "-d", "mesh.yaml"], folder);
      if (up.code !== 0) throw new NotRun(`up ended with ${up.code}: ${up.stdout}${up.stderr}`);
      const api = ApiClient.open(join(folder, ".heddle"));
      const callerIn = async (namespace: string) =>
        new EchoClient(
          await openGuest(api, { name: "client", namespace, serviceAccountName: "client" }),
        );
      const [client, consumer] = await Promise.all([
        callerIn(meshNamespace),
        callerIn(consumerNamespace),
      ]);
      const captured = hasCaptured ? await findCaptured(api) : null;
      return new EchoMesh({ client, consumer, captured, api, folder });
    } catch (error) {
      await stop(folder);
      throw error;
    }
  }

  /** Applies manifests as `heddle apply` does; the names of what they are, for `remove`. Throws what is refused. */
  async apply(text: string): Promise<readonly Resource[]> {
    const existing = await listIntent(this.#api);
    const source = { name: "case.yaml", text, folder: this.#folder };
    const loaded = loadManifests([source], { variables: {}, existing });
    if (loaded.errors.length > 0) throw new Error(formatProblems(loaded.errors).join("; "));
    const resources = loaded.resources.map(({ resource }) => resource);
    await this.put(resources);
    return resources;
  }

  /** Sends resources to the API as they are. */
  async put(resources: readonly Resource[]): Promise<void> {
    const body: ApplyRequest = {
      owner: null,
      author: "conformance",
      cause: "apply -f case.yaml",
      resources,
      prune: false,
      dryRun: false,
    };
    await this.#api.verb<ApplyResult>("apply", { method: "POST", body });
  }

  async remove(resources: readonly Resource[]): Promise<void> {
    for (const resource of resources) {
      const { name } = resource.metadata;
      await this.#api
        .delete(kindOf(resource)!, namespaceOf(resource), name, "conformance")
        .catch(() => {}); // the case may have deleted it
    }
  }

  /** An object as it is stored, with its status. */
  async get(apiVersion: string, kind: string, name: string): Promise<Resource> {
    return await this.#api.get(findKind(apiVersion, kind)!, meshNamespace, name);
  }

  /** Events of an object, their reasons and messages. */
  async eventsOf(kind: string, name: string): Promise<readonly string[]> {
    const events = (await this.#api.list(findKind("v1", "Event")!, null)) as readonly unknown[];
    return (events as readonly EventLike[])
      .filter(({ involvedObject: of }) => of.kind === kind && of.name === name)
      .map(({ reason, message }) => `${reason}: ${message}`);
  }

  /** Requests with a key that have come to a workload's process; asked of the process itself. */
  async seen(workload: string, key: string): Promise<readonly Echoed[]> {
    return JSON.parse(await this.direct(workload, `/_seen?key=${key}`)) as readonly Echoed[];
  }

  /** Asks a workload's process itself, past the mesh. */
  async direct(workload: string, path: string): Promise<string> {
    const port = await this.directPortOf(workload);
    const options = { host: "127.0.0.1", port, path, method: "GET", headers: {}, body: "" };
    return (await send(options)).body;
  }

  /** Where the process of a workload itself listens for HTTP: what is a pod's address elsewhere. */
  async directPortOf(workload: string): Promise<number> {
    const rows = await this.#api.verb<readonly WorkloadRow[]>("ps");
    const row = rows.find(
      ({ name, namespace }) => name === workload && namespace === meshNamespace,
    );
    const port = row?.ports["http"];
    if (port === undefined) throw new Error(`there is no port of ${workload}`);
    return port;
  }

  /** Of the echo servers' HTTPS, for `echo.example.test`, signed by itself. PEM. */
  get certificate(): string {
    return readFileSync(join(this.#folder, "tls.crt"), "utf8");
  }

  /** Runs the command line in the mesh's folder. */
  heddle(...args: readonly string[]): Promise<CommandResult> {
    return runHeddle(args, this.#folder);
  }

  freePort(): Promise<number> {
    return freePort();
  }

  /** The status of an answer at a port of this machine; 0: none. */
  async statusAt(port: number): Promise<number> {
    const options = { host: "127.0.0.1", port, path: "/", method: "GET", headers: {}, body: "" };
    return await send(options).then(
      ({ status }) => status,
      () => 0,
    );
  }

  async stop(): Promise<void> {
    await Promise.all([this.client.close(), this.consumer.close()]);
    this.captured?.client.close();
    this.captured?.consumer.close();
    await stop(this.#folder);
  }
}

async function findCaptured(api: ApiClient): Promise<NonNullable<EchoMesh["captured"]>> {
  const rows = await api.verb<readonly WorkloadRow[]>("ps");
  const [client, consumer] = [meshNamespace, consumerNamespace].map(
    (namespace) => new CapturedClient(portOf(rows, namespace, "captured-0")),
  );
  return { client: client!, consumer: consumer! };
}

function portOf(rows: readonly WorkloadRow[], namespace: string, workload: string): number {
  const row = rows.find((one) => one.name === workload && one.namespace === namespace);
  const port = row?.ports["http"];
  if (port === undefined) throw new Error(`there is no port of ${workload}`);
  return port;
}

interface EventLike {
  readonly involvedObject: { readonly kind: string; readonly name: string };
  readonly reason: string;
  readonly message: string;
}

/** A manifest of upstream, as it is. */
export function upstream(name: string): string {
  return readFileSync(join(import.meta.dirname, "upstream", `${name}.yaml`), "utf8");
}

function baseManifest(folder: string, hasCaptured: boolean): string {
  const program = join(import.meta.dirname, "process", "echo.ts");
  const command = ["node", program, ...makeCertificate(folder)];
  const processes = [
    { namespace: meshNamespace, name: "echo-v1", version: "v1" },
    { namespace: meshNamespace, name: "echo-v2", version: "v2" },
    { namespace: consumerNamespace, name: "echo-v1", version: "v1" },
  ].map(({ namespace, name, version }) => ({
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Process",
    metadata: { name, namespace, labels: { app: "echo", version } },
    spec: {
      command,
      ports: [
        { name: "http", number: 8080 },
        { name: "https", number: 8443 },
        { name: "tcp", number: 9090 },
        { name: "grpc", number: 7070 },
      ],
      readinessProbe: { httpGet: { path: "/_ready", port: "http" }, failureThreshold: 1 },
    },
  }));
  const captured = [meshNamespace, consumerNamespace].map((namespace) => ({
    apiVersion: "heddle.dev/v1alpha1",
    kind: "Process",
    metadata: { name: "captured", namespace },
    spec: {
      command: ["node", join(import.meta.dirname, "process", "captured.ts")],
      capture: "transparent",
      ports: [{ name: "http" }],
    },
  }));
  const all = [...processes, ...(hasCaptured ? captured : [])];
  const ours = all.map((object) => JSON.stringify(object));
  return [...ours, upstream("manifests")].join("\n---\n");
}

/** Signed by itself, for `echo.example.test`. */
function makeCertificate(folder: string): readonly string[] {
  const [key, cert] = [join(folder, "tls.key"), join(folder, "tls.crt")];
  const name = "echo.example.test";
  const args = [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
    ...["-days", "2", "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`],
    ...["-keyout", key, "-out", cert],
  ];
  const done = spawnSync("openssl", args, { encoding: "utf8", timeout: 60_000 });
  if (done.status !== 0) throw new NotRun(`openssl: ${done.error?.message ?? done.stderr}`);
  return [key, cert];
}

async function stop(folder: string): Promise<void> {
  await runHeddle(["down", "-v"], folder);
  rmSync(folder, { recursive: true, force: true });
}
