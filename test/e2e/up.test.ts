import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ExampleMesh, runHeddle } from "../support/mesh.ts";
import { within } from "../support/within.ts";

const main = join(import.meta.dirname, "../../packages/cli/src/main.ts");

interface StatRow {
  readonly name: string;
  readonly meshed: { readonly ready: number; readonly total: number };
  readonly success: number | null;
}

/** Processes that were started by the mesh in this folder: by their environment, whoever their parents are. */
function startedIn(folder: string): readonly number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
        return environment.includes(`HEDDLE_MESH=${join(folder, ".heddle")}`);
      } catch {
        return false;
      }
    });
}

/** `heddle up` as on a terminal, but for the terminal. */
class Foreground {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  text = "";

  constructor(folder: string, ...options: readonly string[]) {
    const argv = [main, "up", "mesh.yaml", ...options];
    this.process = spawn(process.execPath, argv, { cwd: folder });
    this.ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.stdout!.setEncoding("utf8").on("data", (piece: string) => {
      this.text += piece;
    });
  }

  async ready(): Promise<void> {
    expect(await within(50_000, () => this.text.includes("See    ")), this.text).toBe(true);
  }
}

describe("a mesh that is up", () => {
  let mesh: ExampleMesh;
  beforeAll(async () => {
    mesh = await ExampleMesh.start();
  }, 90_000);
  afterAll(() => mesh?.stop(), 30_000);
  const heddle = (...args: readonly string[]) => mesh.heddle(...args);

  test("runs six processes, each with a proxy of its own, and a gateway", async () => {
    const rows = await mesh.workloads();
    expect(rows.map((row) => row.name)).toEqual([
      "front-0",
      "kvs-0",
      "kvs-1",
      "kvs-2",
      "recommendation-0",
      "recommendation-1",
      "visitor-0",
    ]);
    expect(rows.every((row) => row.isReady && row.proxy !== null)).toBe(true);
    expect(rows.filter((row) => row.app !== null).length).toBe(6);
  });

  test("keeps what is put through its gateway", async () => {
    const url = `${mesh.url}/kvs/1`;
    expect((await fetch(url, { method: "PUT", body: "hello" })).status).toBe(201);
    expect(await (await fetch(url)).text()).toBe("hello");
  });

  test("shows its traffic", async () => {
    const hasTraffic = async () => {
      const rows = await mesh.json<readonly StatRow[]>("stat");
      return rows.some((row) => row.name === "kvs" && row.success === 1);
    };
    expect(await within(15_000, hasTraffic)).toBe(true);
    const [kvs] = await mesh.json<readonly StatRow[]>("stat", "services");
    expect(kvs).toMatchObject({ name: "kvs", meshed: { ready: 3, total: 3 } });
    const edges = (await heddle("edges")).stdout;
    expect(edges).toMatch(/^recommendation +kvs +default +default +√$/m);
    expect(edges).toMatch(/^visitor +recommendation +default +default +√$/m);
  });

  test("runs any command as a workload: its words, its input, its exit code", async () => {
    const script =
      'curl -sS -X PUT --data via-exec "$KVS_SERVICE_URL/2"; curl -sS http://kvs/2; exit 7';
    const result = await heddle("exec", "--name", "e", "--", "sh", "-c", script);
    expect(result).toMatchObject({ code: 7, stdout: expect.stringContaining("via-exec") });
    const missing = await heddle("exec", "--", "no-such-program-of-ours");
    expect(missing.code).toBe(127);
    const isGone = async () => !(await mesh.workloads()).some((row) => row.name === "e");
    expect(await within(10_000, isGone)).toBe(true);
  });

  test("keeps logs", async () => {
    const { stdout } = await heddle("logs", "control");
    expect(stdout).toMatch(/^control \| /m);
    expect((await heddle("logs", "nobody")).code).toBe(1);
  });

  test("shows, changes and takes back what is stated", async () => {
    const { stdout } = await heddle("get", "processes");
    expect(stdout).toMatch(/^NAME +READY +AGE\nkvs +3\/3 +\d+s\n/);
    const described = (await heddle("describe", "service", "kvs")).stdout;
    expect(described).toMatch(/Endpoints:\n +WORKLOAD[\s\S]+kvs-2/);
    const [before] = await mesh.json<readonly { revision: number }[]>("revisions");
    expect((await heddle("delete", "placement", "kvs-by-key")).code).toBe(0);
    expect((await heddle("get", "placement", "kvs-by-key")).code).toBe(1);
    const back = await heddle("rollback", String(before!.revision));
    expect(back.stdout).toContain("Placement/kvs-by-key created");
    expect((await heddle("get", "placement/kvs-by-key", "-o", "name")).stdout).toBe(
      "placement.heddle.dev/kvs-by-key\n",
    );
  });

  test("changes nothing for a bad manifest, and says every error", async () => {
    writeFileSync(
      join(mesh.folder, "bad.yaml"),
      "apiVersion: heddle.dev/v1alpha1\nkind: Process\nmetadata: { name: x }\nspec:\n  replicas: three\n  comand: [a]\n",
    );
    const { code, stderr } = await heddle("apply", "-f", "bad.yaml");
    expect(code).toBe(65);
    expect(stderr).toContain(
      'bad.yaml:5  Process/x  spec.replicas: expected a whole number >= 0, got "three"',
    );
    expect(stderr).toContain('did you mean "command"?');
    expect(stderr).toMatch(/^\d errors, nothing applied; revision \d+ still serves\.$/m);
  });

  test("is well", async () => {
    const { code, stdout } = await heddle("check");
    expect(stdout).not.toContain("✘");
    expect(code).toBe(0);
  });

  test("is not started twice", async () => {
    const { code, stderr, stdout } = await heddle("up", "-d", "mesh.yaml");
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/is running \(pid \d+\)[\s\S]+Try {2}\S*heddle apply -f/);
  });

  test("brings back a process that was killed", async () => {
    const pidOf = async () =>
      (await mesh.workloads()).find((row) => row.name === "visitor-0" && row.isReady)?.app?.pid;
    const pid = await pidOf();
    process.kill(pid!, "SIGKILL");
    const isBack = async () => {
      const now = await pidOf();
      return now !== undefined && now !== null && now !== pid;
    };
    expect(await within(10_000, isBack)).toBe(true);
  });

  test("goes down within 5 s, leaving nothing", async () => {
    expect(startedIn(mesh.folder).length).toBeGreaterThanOrEqual(14);
    const guest = heddle("exec", "--name", "g", "--", "sh", "-c", "touch g.runs; sleep 300 & wait");
    expect(await within(10_000, () => existsSync(join(mesh.folder, "g.runs")))).toBe(true);
    const { code, stdout } = await heddle("down");
    expect(code).toBe(0);
    expect(Number(/^Stopped in (\d+\.\d) s\.$/m.exec(stdout)?.[1])).toBeLessThan(5);
    expect(startedIn(mesh.folder)).toEqual([]);
    expect((await guest).code).toBe(137);
    expect((await heddle("stat")).code).toBe(69);
  });

  test("comes up again as it was, in the foreground, and tells its progress", async () => {
    const up = new Foreground(mesh.folder);
    try {
      await up.ready();
      const { text } = up;
      expect(text).toMatch(/^heddle 0\.1\.0 {2}mesh\.yaml +state in \.heddle$/m);
      expect(text).toMatch(
        /^ ✔ control plane {3}API 127\.0\.0\.1:\d+, root certificate \S+ +\d+\.\d s$/m,
      );
      expect(text).toMatch(/^ ✔ kvs {13}3\/3 {2}kvs-0 kvs-1 kvs-2 +\d+\.\d s$/m);
      expect(text).toMatch(/^ ✔ gateway front {3}1\/1 {2}http:\/\/127\.0\.0\.1:\d+ +\d+\.\d s$/m);
      expect(text).toMatch(
        /^Ready in .*6 processes, 7 proxies, mutual TLS on every edge, revision \d+\.$/m,
      );
      expect(text).toMatch(/^ {2}Try {4}curl -X PUT --data hello http/m);
    } finally {
      up.process.kill("SIGKILL");
    }
  });

  test("leaves nothing alive 5 s after kill -9 of up, recovers, and follows its files", async () => {
    expect(await within(5000, () => startedIn(mesh.folder).length === 0)).toBe(true);
    const up = new Foreground(mesh.folder, "--watch");
    try {
      await up.ready();
      appendFileSync(join(mesh.folder, "kvs.ts"), "\n");
      const says = (text: string) => within(10_000, () => up.text.includes(text));
      expect(await says("kvs.ts changed: restarting kvs-0 kvs-1 kvs-2"), up.text).toBe(true);
      const manifest = join(mesh.folder, "mesh.yaml");
      writeFileSync(manifest, readFileSync(manifest, "utf8").replace("replicas: 3", "replicas: x"));
      expect(await says("1 error, nothing applied"), up.text).toBe(true);
      up.process.kill("SIGTERM");
      expect(await up.ended).toBe(0);
    } finally {
      up.process.kill("SIGKILL"); // nothing where it has ended; else the next test meets a mesh that runs
    }
    expect(startedIn(mesh.folder)).toEqual([]);
  });

  test("says in a sentence which file of its state is damaged, and what to do", async () => {
    const manifest = join(mesh.folder, "mesh.yaml");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace("replicas: x", "replicas: 3"));
    const spoilt = async (...path: readonly string[]) => {
      const file = join(mesh.folder, ".heddle", ...path);
      const good = readFileSync(file);
      writeFileSync(file, "spoilt".repeat(1000));
      const { code, stderr, stdout } = await heddle("up", "-d", "mesh.yaml");
      writeFileSync(file, good);
      expect(code, stdout).toBe(69);
      return { file, said: stdout + stderr };
    };
    const root = await spoilt("ca", "root.json");
    expect(root.said).toContain(`error: ${root.file} is damaged (`);
    const store = await spoilt("store.db");
    expect(store.said).toContain(`error: ${store.file} is damaged (file is not a database)`);
    for (const { said } of [root, store]) {
      expect(said).toMatch(/ {2}Try .*heddle down -v --mesh .*$/m);
      expect(said).not.toMatch(/^ +at /m);
    }
    expect(startedIn(mesh.folder)).toEqual([]);
  });
}, 60_000);

test("what cannot be is refused before anything starts", async () => {
  const { code, stderr } = await runHeddle(["up", "no-such.yaml"], import.meta.dirname);
  expect(code).toBe(65);
  expect(stderr).toContain("there is no no-such.yaml here");
});
