import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findNft } from "@heddle/control/host/capture/nft.ts";
import { formatObstacle } from "@heddle/control/host/capture/obstacle.ts";
import {
  type CapturePlace,
  capturePlace,
  findCgroupRoot,
} from "@heddle/control/host/capture/place.ts";
import { tryCapture } from "@heddle/control/host/capture/trial.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ExampleMesh } from "../support/mesh.ts";
import { within } from "../support/within.ts";

/** Programs of the system that know nothing of heddle, with an environment of nothing. */
const commands: Readonly<Record<string, string>> = {
  put: "curl -sS -m 9 -X PUT -d hello http://kvs/1",
  get: "curl -sS -m 9 http://kvs.default.svc.cluster.local/1",
  python: `python3 -c 'import urllib.request; print(urllib.request.urlopen("http://kvs.default/1").read())'`,
  greeting: `python3 -c 'import socket; print(socket.create_connection(("greeter", 25), 9).recv(99))'`,
  address: "getent ahosts kvs",
  noSuchName: "getent hosts nosuch.default.svc.cluster.local",
  noSuchPort: "curl -sS -m 9 http://kvs:81/1",
  past: "curl -sS -m 9 http://127.0.0.1:$PAST/",
};

/** A process that does all of that, once each, and writes down what came of it. */
function asker(past: number): string {
  const lines = Object.keys(commands).map(
    (name) =>
      `env -i PATH="$PATH" PAST=${past} sh -c "$${name}" >asked.${name} 2>&1; echo "exit $?" >>asked.${name}`,
  );
  return [...lines, "touch asked.all", "sleep 1000"].join("; ");
}

function manifest(text: string): string {
  const environment = Object.entries(commands).map(([name, value]) => ({ name, value }));
  const past = Number(/port: (2\d{4})/.exec(text)![1]);
  const greeter = `require("node:net").createServer((s) => { s.on("error", () => {}); s.end("220 hello"); }).listen(process.env.PORT, "127.0.0.1")`;
  const resources = [
    process("kvs", { command: ["node", "kvs.ts"], ports: [{ name: "http" }] }),
    service("kvs", { name: "http", port: 80, targetPort: "http" }),
    process("greeter", { command: ["node", "-e", greeter], ports: [{ name: "tcp" }] }),
    service("greeter", { name: "tcp", port: 25, targetPort: "tcp" }),
    process("past", {
      command: [
        "node",
        "-e",
        `require("node:http").createServer((_, r) => r.end("past")).listen(${past}, "127.0.0.1")`,
      ],
      ports: [{ name: "http", bind: past }],
    }),
    process("plain", {
      capture: "transparent",
      // As a shell starts it; "$$" is one "$" to heddle.
      command: ["/bin/sh", "-c", asker(past).replaceAll("$", "$$$$")],
      env: environment,
    }),
  ];
  return resources.map((resource) => JSON.stringify(resource)).join("\n---\n");
}

function process(name: string, spec: object): object {
  const metadata = { name, labels: { app: name } };
  return { apiVersion: "heddle.dev/v1alpha1", kind: "Process", metadata, spec };
}

function service(name: string, port: object): object {
  const spec = { selector: { app: name }, ports: [port] };
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec };
}

interface Edge {
  readonly destination: string;
  readonly clientId: string;
  readonly isSecured: boolean;
}

interface Conditioned {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
    }[];
  };
}

const missing = ["curl", "python3", "getent"].find(
  (program) => spawnSync(program, ["--version"]).error !== undefined,
);
const obstacle =
  missing === undefined
    ? await tryCapture(new SystemClock())
    : { problem: `${missing} is not installed`, cure: "install it" };
const why = obstacle === null ? "" : ` (SKIPPED, for here ${formatObstacle(obstacle)})`;

describe.skipIf(obstacle !== null)(`a captured process${why}`, () => {
  let mesh: ExampleMesh;
  let place: CapturePlace;
  const tables = () => execFileSync(findNft()!, ["list", "tables"], { encoding: "utf8" });
  const said = (name: string) => readFileSync(join(mesh.folder, `asked.${name}`), "utf8");

  beforeAll(async () => {
    mesh = await ExampleMesh.start(manifest);
    place = capturePlace(join(mesh.folder, ".heddle"), findCgroupRoot()!);
    const isDone = await within(60_000, () => existsSync(join(mesh.folder, "asked.all")));
    expect(isDone, "the captured process has asked all").toBe(true);
  }, 120_000);
  afterAll(() => mesh?.stop(), 30_000);

  test("reaches services by every name they have, told nothing", () => {
    expect(said("put")).toBe("exit 0\n");
    expect(said("get")).toBe("helloexit 0\n");
    expect(said("python")).toBe("b'hello'\nexit 0\n");
  });

  test("reaches a server that speaks first", () => {
    expect(said("greeting")).toBe("b'220 hello'\nexit 0\n");
  });

  test("is who it is to those it calls: all of it went through its own proxy", async () => {
    const clientId = "spiffe://heddle.local/ns/default/sa/plain";
    const seen = async () => {
      const edges = await mesh.json<Edge[]>("edges");
      const own = edges.filter((edge) => edge.isSecured && edge.clientId === clientId);
      return own.map(({ destination }) => destination).sort();
    };
    await within(10_000, async () => (await seen()).length === 2); // proxies tell once a second
    expect(await seen()).toEqual(["greeter", "kvs"]);
  });

  test("is told at once what there is not", () => {
    expect(said("address")).toMatch(/^127\.\d+\.\d+\.\d+ +STREAM kvs\n/);
    expect(said("noSuchName")).toBe("exit 2\n");
    expect(said("noSuchPort")).toMatch(/exit 7\n$/); // curl: could not connect
  });

  test("reaches what is no service as if nothing were there", () => {
    expect(said("past")).toBe("pastexit 0\n");
  });

  test("has a condition that says so, and nobody else has", async () => {
    const processes = await mesh.json<{ items: Conditioned[] }>("get", "processes");
    const captured = processes.items.flatMap(({ metadata, status }) =>
      status.conditions
        .filter(({ type }) => type === "Captured")
        .map(({ status, reason }) => `${metadata.name}: ${status} ${reason}`),
    );
    expect(captured).toEqual(["plain: True RulesInForce"]);
  });

  test("alone is captured: the same programs beside it see none of it", () => {
    expect(tables()).toContain(place.table);
    const [address] = said("address").split(/\s/);
    expect(spawnSync("getent", ["hosts", "kvs"]).status).not.toBe(0);
    expect(spawnSync("curl", ["-sS", "-m", "2", `http://${address}/1`]).status).not.toBe(0);
    const refusing = spawnSync(findNft()!, ["list", "table", "inet", place.table], {
      encoding: "utf8",
    });
    for (const chain of ["nat", "filter"]) {
      const [, rules = ""] =
        new RegExp(`chain ${chain} \\{[^;]*;[^\\n]*\\n([^}]*)\\}`).exec(refusing.stdout) ?? [];
      expect(rules.trim().split("\n"), chain).toHaveLength(1);
      expect(rules).toContain(`socket cgroupv2 level 1 "${place.path}"`);
    }
  });

  test("keeps its names when its proxy is killed", async () => {
    const rows = await mesh.workloads();
    const proxy = rows.find(({ name }) => name === "plain-0")!.proxy!.pid!;
    globalThis.process.kill(proxy, "SIGKILL");
    const [cgroup = ""] = execFileSync("ls", [place.folder], { encoding: "utf8" })
      .split("\n")
      .filter((entry) => entry.startsWith("w_"));
    const file = join(place.folder, cgroup, "cgroup.procs");
    const shell = `echo 0 > ${file} && exec curl -sS -m 15 http://kvs/1`;
    const asked = spawnSync("sh", ["-c", shell], {
      encoding: "utf8",
      env: { PATH: "/usr/bin:/bin" },
    });
    expect([asked.stdout, asked.stderr]).toEqual(["hello", ""]);
  });

  test("leaves nothing in the kernel: not when up is killed, nor when all is stopped in order", async () => {
    const { pid } = JSON.parse(readFileSync(join(mesh.folder, ".heddle", "host.json"), "utf8"));
    globalThis.process.kill(pid, "SIGKILL");
    const isGone = () => !existsSync(place.folder) && !tables().includes(place.table);
    expect(await within(10_000, isGone)).toBe(true);
    expect((await mesh.heddle("up", "-d", "mesh.yaml")).code).toBe(0);
    expect(await within(10_000, () => tables().includes(place.table))).toBe(true);
    expect((await mesh.heddle("down")).code).toBe(0);
    expect(isGone()).toBe(true);
  });
});
