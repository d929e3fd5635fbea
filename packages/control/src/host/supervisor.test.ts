import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Harness } from "./testing/harness.fixture.ts";

let harness: Harness;
beforeEach(async () => {
  harness = new Harness();
  await harness.open();
});
afterEach(() => harness.close());

const readiness = {
  action: { kind: "http", path: "/", port: "http" },
  periodMs: 1000,
  timeoutMs: 1000,
  failureThreshold: 3,
  successThreshold: 1,
} as const;
const apiSocket = { name: "control/api", host: "127.0.0.1", port: 0 };
const ask = (port: number) =>
  fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } }).then((reply) =>
    reply.text(),
  );

test("an application gets its port, its environment and a log, and is ready once its probe says so", async () => {
  const app = harness.app("kvs", ["serve"], {
    env: { PORT: "{{port:http}}", API: "127.0.0.1:{{port:control/api}}", PLAIN: "$(PORT)" },
    ports: [{ name: "http", bind: null }],
    readiness,
  });
  const spec = { ...app, command: [...app.command, "at=$(PORT)"] };
  harness.desire({ sockets: [apiSocket], workloads: [harness.workload("kvs-0", { app: spec })] });
  await harness.supervisor.start();
  await harness.until("readiness", () => harness.observed("kvs-0")?.app?.ready);
  const port = harness.observed("kvs-0")!.ports["http"]!;
  const { env, pid } = harness.alive("kvs")!;
  expect(env).toMatchObject({
    PORT: String(port),
    API: `127.0.0.1:${harness.supervisor.status().ports["control/api"]}`,
    PLAIN: "$(PORT)",
    HEDDLE_MESH: harness.stateDir,
    HEDDLE_WORKLOAD: "kvs-0.default",
  });
  expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toContain(`at=${port}`);
  const log = readFileSync(join(harness.stateDir, "logs", "kvs-0.log"), "utf8");
  expect(log).toMatch(/^\S+Z out hello from kvs$/m);
});

test("a process that ends is restarted, later each time, on the same port", async () => {
  const crash = harness.app("bad", ["crash"], {
    env: { PORT: "{{port:http}}" },
    ports: [{ name: "http", bind: null }],
  });
  harness.desire({ sockets: [], workloads: [harness.workload("bad-0", { app: crash })] });
  await harness.supervisor.start();
  await harness.until("two restarts", () => harness.seen.length >= 3);
  const state = await harness.until("backoff", () => {
    const app = harness.observed("bad-0")?.app;
    return app?.phase === "backoff" && app.restarts >= 2 ? app : null;
  });
  expect(state.reason).toBe("exited with code 3");
  expect(harness.remarks).toContain("bad-0 exited with code 3");
  expect(new Set(harness.seen.map((each) => each.env["PORT"])).size).toBe(1);
});

test("what cannot be started says why, and harms nobody else", async () => {
  const missing = harness.app("x", [], { command: ["no-such-program-of-ours"] });
  const good = harness.app("good");
  const workloads = [
    harness.workload("missing-0", { app: missing }),
    harness.workload("good-0", { app: good }),
  ];
  harness.desire({ sockets: [], workloads });
  await harness.supervisor.start();
  await harness.until("the good one", () => harness.observed("good-0")?.app?.ready);
  await harness.until(
    "the reason",
    () =>
      harness.observed("missing-0")?.app?.reason === "command not found: no-such-program-of-ours",
  );
});

test("the proxy comes first, with its sockets and its token, and goes last", async () => {
  const sockets = [apiSocket, { name: "kvs-0/in", host: "127.0.0.1", port: 0 }];
  const proxy = {
    sockets: ["kvs-0/in"],
    stateDir: join(harness.stateDir, "proxy", "kvs-0"),
    controlSocket: "control/api",
  };
  const workload = harness.workload("kvs-0", {
    app: harness.app("kvs", ["stubborn"], { graceMs: 200 }),
    proxy,
  });
  harness.desire({ sockets, workloads: [workload] });
  await harness.supervisor.start();
  await harness.until("the application", () => harness.alive("kvs"));
  expect(harness.observed("kvs-0")?.proxy).toMatchObject({ phase: "running", ready: true });
  expect(harness.lines).toContain("uid-kvs-0/proxy: token for uid-kvs-0");
  const { ports } = harness.supervisor.status();
  expect(await ask(ports["kvs-0/in"]!)).toBe(String(harness.observed("kvs-0")!.proxy!.pid));

  harness.desire({ sockets, workloads: [{ ...workload, drain: true }] });
  await harness.until("the application's end", () => harness.alive("kvs") === undefined);
  expect(harness.lines).toContain("uid-kvs-0/proxy: draining");
  await harness.until(
    "the proxy's end",
    () => harness.observed("kvs-0")?.proxy?.phase === "exited",
  );
  expect(harness.observed("kvs-0")?.app?.reason).toBe("killed by SIGKILL");
  harness.desire({ sockets, workloads: [] });
  await harness.until("nothing left", () => harness.observed("kvs-0") === undefined);
});

test("killing a proxy or the control plane stops nothing else and refuses no connection", async () => {
  const sockets = [apiSocket, { name: "kvs-0/in", host: "127.0.0.1", port: 0 }];
  const proxy = { sockets: ["kvs-0/in"], stateDir: harness.stateDir, controlSocket: "control/api" };
  harness.desire({
    sockets,
    workloads: [harness.workload("kvs-0", { app: harness.app("kvs"), proxy })],
  });
  await harness.supervisor.start();
  const app = await harness.until("the application", () => harness.alive("kvs"));
  const { ports, control } = harness.supervisor.status();
  const proxyPid = harness.observed("kvs-0")!.proxy!.pid!;
  expect(await ask(ports["control/api"]!)).toBe(String(control.pid));

  process.kill(control.pid!, "SIGKILL");
  process.kill(proxyPid, "SIGKILL");
  // Nobody accepts now: the connections wait for those who come next.
  const [fromControl, fromProxy] = await Promise.all([
    ask(ports["control/api"]!),
    ask(ports["kvs-0/in"]!),
  ]);
  expect(fromControl).toBe(String(harness.supervisor.status().control.pid));
  expect(fromProxy).toBe(String(harness.observed("kvs-0")!.proxy!.pid));
  expect(fromProxy).not.toBe(String(proxyPid));
  expect(harness.alive("kvs")?.pid).toBe(app.pid);
  expect(harness.seen.length).toBe(1);
});

test("a changed spec restarts the application once it may, a new listener of its proxy does not", async () => {
  const proxy = { sockets: [], stateDir: harness.stateDir, controlSocket: "control/api" };
  const first = harness.app("one", [], { env: { KVS_SERVICE_URL: "http://a" } });
  const desire = (app: typeof first, mayRestart: boolean) =>
    harness.desire({
      sockets: [apiSocket],
      workloads: [
        harness.workload("w-0", { app, proxy, mayRestart }),
        harness.workload("bare-0", {
          app: { ...app, command: app.command.with(2, "bare") },
          mayRestart,
        }),
      ],
    });
  desire(first, false);
  await harness.supervisor.start();
  const one = await harness.until("one", () => harness.alive("one"));
  const bare = await harness.until("the one without a proxy", () => harness.alive("bare"));
  const env = { ...first.env, KVS_SERVICE_URL: "http://b" };
  desire({ ...first, env }, true);
  // Without a proxy the variable names a process that has gone elsewhere.
  await harness.until("the restart of the one without a proxy", () => {
    const alive = harness.alive("bare");
    return alive !== undefined && alive.pid !== bare.pid;
  });
  expect(harness.alive("one")?.pid).toBe(one.pid);
  expect(harness.lines).not.toContain("uid-w-0/proxy: finishing");
  desire({ ...first, env, generation: 2 }, false);
  await harness.until("that it is outdated", () => harness.observed("w-0")?.isOutdated);
  expect(harness.alive("one")?.pid).toBe(one.pid);
  desire({ ...first, env, generation: 2 }, true);
  const again = await harness.until("another one", () => {
    const alive = harness.alive("one");
    return alive !== undefined && alive.pid !== one.pid ? alive : null;
  });
  expect(again.env["KVS_SERVICE_URL"]).toBe("http://b");
  expect(harness.lines).toContain("uid-w-0/proxy: finishing");
  expect(harness.observed("w-0")?.isOutdated).toBe(false);
});

test("what runs is probed as it was started, until it is restarted", async () => {
  const app = harness.app("kvs", ["serve"], {
    env: { PORT: "{{port:http}}" },
    ports: [{ name: "http", bind: null }],
    readiness: { ...readiness, periodMs: 1, failureThreshold: 1 },
  });
  harness.desire({ sockets: [], workloads: [harness.workload("kvs-0", { app })] });
  await harness.supervisor.start();
  await harness.until("readiness", () => harness.observed("kvs-0")?.app?.ready);
  const tcp = { ...readiness, action: { kind: "tcp", port: "none" } } as const;
  const changed = { ...app, command: [...app.command, "slow"], readiness: tcp };
  harness.desire({ sockets: [], workloads: [harness.workload("kvs-0", { app: changed })] });
  await harness.until("that it is outdated", () => harness.observed("kvs-0")?.isOutdated);
  expect(harness.observed("kvs-0")?.app).toMatchObject({ ready: true, reason: null });
  const workloads = [harness.workload("kvs-0", { app: changed, mayRestart: true })];
  harness.desire({ sockets: [], workloads });
  await harness.until(
    "the new probe",
    () => harness.observed("kvs-0")?.app?.reason === 'readiness: the process has no port "none"',
  );
});

test("what the system refuses to start harms nobody else", async () => {
  const large = harness.app("large", [], { env: { LARGE: "x".repeat(1 << 20) } });
  const zero = harness.app("zero", ["\0"]);
  const workloads = [
    harness.workload("large-0", { app: large }),
    harness.workload("zero-0", { app: zero }),
    harness.workload("good-0", { app: harness.app("good") }),
  ];
  harness.desire({ sockets: [], workloads });
  await harness.supervisor.start();
  await harness.until("the good one", () => harness.observed("good-0")?.app?.ready);
  await harness.until("the reasons", () =>
    ["large-0", "zero-0"].every((name) => harness.observed(name)?.app?.phase === "backoff"),
  );
  expect(harness.observed("large-0")?.app?.reason).toContain("E2BIG");
});

test("a socket that is taken is said to be, and bound once it is free", async () => {
  const { createServer } = await import("node:net");
  const thief = createServer();
  await new Promise<void>((resolve) => thief.listen(0, "127.0.0.1", resolve));
  const { port } = thief.address() as { port: number };
  harness.desire({ sockets: [{ name: "front", host: "127.0.0.1", port }], workloads: [] });
  await harness.supervisor.start();
  const failed = await harness.until(
    "the failure",
    () => harness.supervisor.status().failedSockets["front"],
  );
  expect(failed).toBe(`127.0.0.1:${port} is taken by another program`);
  await new Promise((resolve) => thief.close(resolve));
  await harness.until("the port", () => harness.supervisor.status().ports["front"] === port);
});

test("stopping leaves nothing alive, not even what ignores SIGTERM in a session of its own", async () => {
  const workloads = ["a", "b"].map((name) =>
    harness.workload(name, {
      app: harness.app(name, ["stubborn", "daemon", "forgetful"], { graceMs: 100 }),
    }),
  );
  harness.desire({ sockets: [], workloads });
  await harness.supervisor.start();
  await harness.until("all", () => harness.seen.length === 6);
  await harness.supervisor.stop();
  await harness.until("their end", () => harness.seen.every((each) => !each.isAlive));
});

test("kill -9 of the supervisor leaves nothing alive, not even what left its process group", async () => {
  const proxy = { sockets: [], stateDir: harness.stateDir, controlSocket: "control/api" };
  const workloads = [
    harness.workload("a", { app: harness.app("a", ["stubborn", "daemon"]), proxy }),
    harness.workload("b", { app: harness.app("b", ["daemon", "forgetful"]) }),
  ];
  harness.desire({ sockets: [apiSocket], workloads });
  const host = spawn(
    process.execPath,
    [join(import.meta.dirname, "testing/host.fixture.ts"), harness.stateDir, "run-killed"],
    { stdio: "inherit" },
  );
  await harness.until("all", () => harness.seen.length === 5);
  host.kill("SIGKILL");
  await harness.until("their end", () => harness.seen.every((each) => !each.isAlive));
});

test("an earlier run's processes are ended by the next", async () => {
  // As if both the supervisor and its janitor had been killed.
  const env = {
    ...harness.app("old").env,
    PATH: process.env["PATH"],
    HEDDLE_MESH: harness.stateDir,
  };
  const [, ...args] = harness.app("old").command;
  const old = spawn(process.execPath, args, {
    env: { ...env, HEDDLE_RUN: "run-earlier/uid/app" },
    detached: true,
    stdio: "ignore",
  });
  const shell = spawn(process.execPath, args.with(1, "shell"), { env, stdio: "ignore" });
  await harness.until("both", () => harness.alive("old") && harness.alive("shell"));
  harness.desire({ sockets: [], workloads: [] });
  await harness.supervisor.start();
  await harness.until("the end of the old one", () => harness.alive("old") === undefined);
  expect(harness.alive("shell")?.pid).toBe(shell.pid); // a user's own, where HEDDLE_MESH is exported
  expect(old.pid).not.toBe(shell.pid);
});
