import { setTimeout as sleep } from "node:timers/promises";
import { equal } from "../real/equal.ts";
import type { Answer, Ask, Caller } from "./echo-client.ts";
import type { EchoMesh } from "./echo-mesh.ts";

/** One thing that a mesh does with what manifests say, tried on a real one. Throws where it does not. */
export interface TrafficCase<Mesh = EchoMesh> {
  readonly name: string;
  /** Text of what is applied before and removed after. */
  readonly manifests: string;
  run(mesh: Mesh): Promise<void>;
}

/** What upstream's cases ask: a mesh by two callers, whoever they are. */
export interface AskedMesh {
  /** In the namespace of the services. */
  readonly client: Caller;
  readonly consumer: Caller;
  directPortOf(workload: string): Promise<number>;
}

/** A configuration must have reached proxies within this, in ms. Upstream: 30 s. */
const inForceMs = 8000;

/** Three times in a row without a failure, as upstream's suite asks. Throws the last failure where that is not so in time. */
export function holds(check: () => Promise<void>, ms = inForceMs): Promise<void> {
  return tryFor(check, 3, ms);
}

/** Once, as upstream's suite asks of shares: for what looks at hundreds of requests. */
export function comesOut(check: () => Promise<void>, ms = inForceMs): Promise<void> {
  return tryFor(check, 1, ms);
}

async function tryFor(check: () => Promise<void>, times: number, ms: number): Promise<void> {
  const end = performance.now() + ms;
  for (let inRow = 0; inRow < times; ) {
    try {
      await check();
      inRow++;
    } catch (error) {
      inRow = 0;
      if (performance.now() > end) throw error;
      await sleep(25);
    }
  }
}

/** The same, and five times more without a failure: what is in force stays so, and chance is not enough. */
export async function staysSo(check: () => Promise<void>): Promise<void> {
  await holds(check);
  for (let more = 0; more < 5; more++) await check();
}

/** What is asked, and what must come of it. */
export interface Expected extends Ask {
  readonly url: string;
  /** Default 200. */
  readonly status?: number;
  /** Workload that answers, without its ordinal. */
  readonly backend?: string;
  /** As the backend gets it: its path, and fields; null: absent. */
  readonly path?: string;
  readonly got?: Readonly<Record<string, string | null>>;
  /** Fields of the reply; null: absent. */
  readonly reply?: Readonly<Record<string, string | null>>;
}

/** Asks until it is as expected, and stays so. */
export function expectAnswer(client: Caller, expected: Expected): Promise<void> {
  return staysSo(async () => judge(expected, await client.ask(expected.url, expected)));
}

/** All of them, one after the other. */
export async function expectAnswers(client: Caller, all: readonly Expected[]): Promise<void> {
  for (const expected of all) await expectAnswer(client, expected);
}

/** Throws what is not as expected. */
export function judge(expected: Expected, answer: Answer): void {
  const what = `${expected.method ?? "GET"} ${expected.url}`;
  equal(answer.status, expected.status ?? 200, `${what}: status`);
  for (const [name, value] of Object.entries(expected.reply ?? {}))
    equal(answer.headers[name.toLowerCase()] ?? null, value, `${what}: ${name} of the reply`);
  const { backend, path, got = {} } = expected;
  const isAtBackend = backend !== undefined || path !== undefined || expected.got !== undefined;
  if (!isAtBackend) return;
  if (answer.echo === null) throw new Error(`${what}: no echo in ${answer.body}`);
  if (backend !== undefined)
    equal(answer.echo.hostname.replace(/-\d+$/, ""), backend, `${what}: backend`);
  if (path !== undefined) equal(answer.echo.path, path, `${what}: path`);
  for (const [name, value] of Object.entries(got))
    equal(answer.echo.headers[name.toLowerCase()] ?? null, value, `${what}: ${name}`);
}

/** Runs a case: applies, tries, removes. Null where it holds, else why not. */
export async function runCase<Mesh>(
  one: TrafficCase<Mesh>,
  mesh: EchoMesh,
  asked: Mesh,
): Promise<string | null> {
  try {
    const applied = one.manifests === "" ? [] : await mesh.apply(one.manifests);
    try {
      await one.run(asked);
    } finally {
      await mesh.remove(applied);
    }
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
