import { mkdirSync, writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RetryDoc } from "@heddle/mesh/model/policy.ts";
import { findPrograms, leanMalloc } from "../../packages/cli/src/command/programs.ts";
import { freePort, whenListening } from "../rig/ports.ts";
import type { Rig } from "../rig/rig.ts";
import { needTool } from "../rig/tools.ts";
import { callerDocuments } from "../subject/heddle-documents.ts";

/** As many retries as HAProxy beside it makes, for the same failures. */
const retry: RetryDoc = {
  retriesMax: 3,
  codes: [500, 502, 503, 504],
  grpcCodes: [],
  connectionErrors: true,
  backoff: { baseMs: 25, maxMs: 250 },
  methods: "safe",
  bodyBytesMax: 65_536,
};

/** A proxy that leads to `upstream`: its port. */
type StartProxy = (rig: Rig, level: number, upstream: number) => Promise<number>;

export const subjects: readonly (readonly [string, StartProxy])[] = [
  ["heddle", startHeddle],
  ["haproxy", startHaproxy],
];

/** One edge of the chain. */
export interface Level {
  readonly requests: number;
  readonly attempts: number;
}

export interface Storm {
  readonly subject: string;
  /** Of the edges in turn, from the client's, while the leaf failed. */
  readonly levels: readonly Level[];
  readonly seconds: number;
  /** From the leaf's recovery to the last request that failed after it, in ms. */
  readonly recoveryMs: number;
}

/** client → proxy → a → proxy → b → proxy → leaf, real processes all; the leaf answers 503 to everything for a while. */
export async function measureStorm(
  rig: Rig,
  subject: string,
  startProxy: StartProxy,
  { seconds, ratePerSecond }: { readonly seconds: number; readonly ratePerSecond: number },
): Promise<Storm> {
  const [a, b, leaf, control] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const toLeaf = await startProxy(rig, 3, leaf);
  const toB = await startProxy(rig, 2, b);
  const toA = await startProxy(rig, 1, a);
  const script = new URL("../peers/chain.mjs", import.meta.url).pathname;
  const ports = [a, toB, b, toLeaf, leaf, control].map(String);
  rig.children.start({
    name: `chain of ${subject}`,
    cpu: rig.cpus.load,
    command: [process.execPath, script, ...ports],
  });
  for (const port of [control, toA, toB, toLeaf]) await whenListening(port);

  const client = new Client(toA);
  await client.run(2, ratePerSecond);
  const before = { ...(await ask(control, "/fail")), client: client.asked };
  await client.run(seconds, ratePerSecond);
  const after = { ...(await ask(control, "/well")), client: client.asked };
  const wellMs = performance.now();
  await client.run(5, ratePerSecond);
  await sleep(1000);

  const by = (name: keyof typeof after) => after[name] - before[name];
  const late = client.failures.filter(({ askedMs }) => askedMs >= wellMs);
  return {
    subject,
    seconds,
    levels: [
      { requests: by("client"), attempts: by("a") },
      { requests: by("a"), attempts: by("b") },
      { requests: by("b"), attempts: by("leaf") },
    ],
    recoveryMs: Math.max(0, ...late.map(({ askedMs }) => askedMs - wellMs)),
  };
}

/** Asks at a fixed rate, whatever becomes of it. */
class Client {
  asked = 0;
  readonly failures: { readonly askedMs: number }[] = [];
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(port: number) {
    this.#port = port;
  }

  async run(seconds: number, ratePerSecond: number): Promise<void> {
    const startMs = performance.now();
    for (let count = 0; count < seconds * ratePerSecond; count++) {
      const dueMs = startMs + (count * 1000) / ratePerSecond;
      await sleep(Math.max(0, dueMs - performance.now()));
      this.#ask();
    }
  }

  #ask(): void {
    const askedMs = performance.now();
    this.asked++;
    const fails = () => this.failures.push({ askedMs });
    const options = { port: this.#port, host: "127.0.0.1", path: "/", agent: this.#agent };
    get(options, (reply) => {
      reply.resume();
      if (reply.statusCode !== 200) fails();
    }).on("error", fails);
  }
}

async function ask(port: number, path: string): Promise<{ a: number; b: number; leaf: number }> {
  const reply = await fetch(`http://127.0.0.1:${port}${path}`);
  return (await reply.json()) as { a: number; b: number; leaf: number };
}

async function startHeddle(rig: Rig, level: number, upstream: number): Promise<number> {
  const folder = join(rig.folder, `storm-${level}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const port = await freePort();
  const documents = callerDocuments({
    port,
    upstream,
    identity: null,
    peer: null,
    contract: null,
    protocol: "http",
  }).map((document) =>
    document.kind === "service" ? { ...document, policy: { ...document.policy, retry } } : document,
  );
  const config = join(folder, "documents.json");
  writeFileSync(config, JSON.stringify({ documents }));
  rig.children.start({
    name: `heddle ${level}`,
    cpu: rig.cpus.proxy,
    command: [...(await findPrograms()).proxy, "--config", config, "--state", folder],
    env: leanMalloc,
  });
  return port;
}

async function startHaproxy(rig: Rig, level: number, upstream: number): Promise<number> {
  const port = await freePort();
  const config = `global
    nbthread 1
    maxconn 4000
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 30s
    http-reuse always
    retries 3
    option redispatch
    retry-on conn-failure empty-response response-timeout 500 502 503 504
frontend front
    bind 127.0.0.1:${port}
    default_backend back
backend back
    server one 127.0.0.1:${upstream}
`;
  const file = join(rig.folder, `haproxy-storm-${level}.cfg`);
  writeFileSync(file, config);
  rig.children.start({
    name: `haproxy ${level}`,
    cpu: rig.cpus.proxy,
    command: [needTool("haproxy"), "-db", "-q", "-f", file],
  });
  return port;
}
