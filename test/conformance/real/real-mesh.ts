import { spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runHeddle } from "../../support/mesh.ts";
import { findTool } from "../rig/programs.ts";
import { NotRun } from "../suite.ts";

/** Programs of Debian that serve in the mesh where they are installed, and the package they are in. */
export const servers = { postgres: "postgresql", redis: "redis-server", ssh: "openssh-server" };
export type ServerName = keyof typeof servers;

/** A mesh by `heddle up`, control plane and all, with one process of each kind; no manifest says what any of them speaks. */
export class RealMesh {
  readonly folder: string;
  /** Which of `servers` run in it. */
  readonly has: ReadonlySet<ServerName>;
  readonly #given: Readonly<Record<string, string>>;
  /** The key with which `ssh` gets in. */
  readonly sshKey: string;
  readonly #folders: readonly string[];

  private constructor(
    folder: string,
    has: ReadonlySet<ServerName>,
    given: Readonly<Record<string, string>>,
    folders: readonly string[],
  ) {
    this.folder = folder;
    this.has = has;
    this.#given = given;
    this.sshKey = join(folder, "client-key");
    this.#folders = folders;
  }

  static async start(): Promise<RealMesh> {
    const folder = mkdtempSync(join(tmpdir(), "heddle-real-"));
    const folders = [folder];
    try {
      const commands = new Map<string, readonly string[]>();
      for (const name of ["web", "h2", "grpc", "tcp", "greeter"])
        commands.set(name, ["node", program(name)]);
      commands.set("tls", ["node", program("tls"), ...makeCertificate(folder)]);
      const has = new Set<ServerName>();
      const postgres = preparePostgres(folders);
      if (postgres !== null) commands.set("postgres", postgres);
      const redis = findTool("redis-server");
      if (redis !== null)
        commands.set("redis", [redis, "--port", "$(PORT)", "--bind", "127.0.0.1", "--save", ""]);
      const sshd = prepareSshd(folder);
      if (sshd !== null) commands.set("ssh", sshd);
      for (const name of Object.keys(servers) as ServerName[])
        if (commands.has(name)) has.add(name);
      const told = join(folder, "given.json");
      writeFileSync(join(folder, "mesh.yaml"), manifest(commands, told));
      const up = await runHeddle(["up", "-d", "mesh.yaml"], folder);
      if (up.code !== 0) throw new NotRun(`up ended with ${up.code}: ${up.stdout}${up.stderr}`);
      for (let tries = 0; tries < 100; tries++) {
        try {
          const given = JSON.parse(readFileSync(told, "utf8")) as Record<string, string>;
          return new RealMesh(folder, has, given, folders);
        } catch {
          await sleep(50);
        }
      }
      throw new NotRun("the caller has not told what it was given");
    } catch (error) {
      await stop(folder, folders);
      throw error;
    }
  }

  /** Where callers reach a service: a listener of the caller's proxy. */
  portOf(service: string): number {
    return Number(this.#need(`${service.toUpperCase()}_SERVICE_PORT`));
  }

  /** The forward proxy of the caller. */
  get httpProxy(): URL {
    return new URL(this.#given["HTTP_PROXY"] ?? this.#need("http_proxy"));
  }

  /** Where the process of a service itself listens. */
  async directPortOf(service: string): Promise<number> {
    const got = await runHeddle(["get", "workload", `${service}-0`, "-o", "json"], this.folder);
    const found = /"ports":\s*\[\s*\{[^}]*?"(?:number|port)":\s*(\d+)/.exec(got.stdout);
    if (found === null) throw new Error(`no port of ${service}-0 in ${got.stdout}${got.stderr}`);
    return Number(found[1]);
  }

  stop(): Promise<void> {
    return stop(this.folder, this.#folders);
  }

  #need(name: string): string {
    const value = this.#given[name];
    if (value === undefined) throw new Error(`the caller was not given ${name}`);
    return value;
  }
}

async function stop(folder: string, folders: readonly string[]): Promise<void> {
  await runHeddle(["down", "-v"], folder);
  for (const each of folders) rmSync(each, { recursive: true, force: true });
}

function program(name: string): string {
  return join(import.meta.dirname, "process", `${name}.ts`);
}

/** One Process and one Service for each command, and a caller. Nothing says a protocol, but for two more Services. */
function manifest(commands: ReadonlyMap<string, readonly string[]>, told: string): string {
  const objects: unknown[] = [
    {
      apiVersion: "heddle.dev/v1alpha1",
      kind: "Process",
      metadata: { name: "caller" },
      spec: {
        command: ["node", program("caller"), told],
        calls: [...commands.keys(), "web1", "h2c"],
      },
    },
  ];
  for (const [name, command] of commands) {
    objects.push(
      {
        apiVersion: "heddle.dev/v1alpha1",
        kind: "Process",
        metadata: { name, labels: { app: name } },
        spec: { command, ports: [{ name: "main" }] },
      },
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name },
        spec: { selector: { app: name }, ports: [{ port: 7000, targetPort: "main" }] },
      },
    );
  }
  // The same processes as callers of another version of HTTP find them: there it must be said what the process speaks.
  for (const [name, app, appProtocol] of [
    ["web1", "web", "kubernetes.io/ws"],
    ["h2c", "h2", "kubernetes.io/h2c"],
  ])
    objects.push({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name },
      spec: { selector: { app }, ports: [{ port: 7000, targetPort: "main", appProtocol }] },
    });
  return objects.map((object) => JSON.stringify(object)).join("\n---\n");
}

function makeCertificate(folder: string): readonly string[] {
  const [key, cert] = [join(folder, "tls.key"), join(folder, "tls.crt")];
  run([
    "openssl",
    "req",
    "-x509",
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
    ...["-subj", "/CN=own.test", "-addext", "subjectAltName=DNS:own.test"],
    ...["-keyout", key, "-out", cert],
  ]);
  return [key, cert];
}

/** PostgreSQL with a cluster of its own, or null where it is not installed. It refuses to run as root. */
function preparePostgres(folders: string[]): readonly string[] | null {
  const found = spawnSync("sh", ["-c", "ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1"]);
  const bin = found.stdout.toString().trim();
  if (bin === "") return null;
  const data = mkdtempSync(join(tmpdir(), "heddle-postgres-"));
  folders.push(data);
  let as: readonly string[] = [];
  if (userInfo().uid === 0) {
    const ids = ["-u", "-g"].map((flag) => Number(run(["id", flag, "postgres"])));
    chownSync(data, ids[0]!, ids[1]!);
    as = ["setpriv", `--reuid=${ids[0]}`, `--regid=${ids[1]}`, "--clear-groups"];
  }
  run([...as, join(bin, "initdb"), "-D", data, "-U", "heddle", "-A", "trust", "--no-sync"], data);
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
  return [
    ...as,
    join(bin, "postgres"),
    ...["-D", data, "-p", "$(PORT)"],
    ...settings.flatMap((setting) => ["-c", setting]),
  ];
}

/** An SSH daemon with keys of its own, or null where it is not installed. */
function prepareSshd(folder: string): readonly string[] | null {
  const sshd = findTool("sshd");
  if (sshd === null || findTool("ssh-keygen") === null) return null;
  const [host, client] = [join(folder, "host-key"), join(folder, "client-key")];
  for (const key of [host, client]) run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]);
  if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const options = [
    "ListenAddress=127.0.0.1",
    "PidFile=none",
    "UsePAM=no",
    "StrictModes=no",
    "PasswordAuthentication=no",
    "PermitRootLogin=prohibit-password",
    `AuthorizedKeysFile=${client}.pub`,
  ];
  return [
    sshd,
    ...["-D", "-e", "-f", "/dev/null", "-p", "$(PORT)", "-h", host],
    ...options.flatMap((option) => ["-o", option]),
  ];
}

function run(command: readonly string[], cwd?: string): string {
  const [tool = "", ...args] = command;
  const done = spawnSync(tool, args, { cwd, encoding: "utf8", timeout: 60_000 });
  if (done.status !== 0)
    throw new NotRun(`${command.join(" ")}: ${done.error?.message ?? done.stderr.slice(-300)}`);
  return done.stdout.trim();
}
