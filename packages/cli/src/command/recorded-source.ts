import type { ContractRow, RecordedQuery } from "@heddle/control/api/verbs.ts";
import type { Backing } from "@heddle/mesh/history/addressing.ts";
import type { History } from "@heddle/mesh/history/event.ts";
import { historiesOf, type RecordedHistories } from "@heddle/mesh/history/histories.ts";
import type { ContractDoc } from "@heddle/mesh/model/document.ts";
import type { Command } from "commander";
import { fetchBacking } from "../api/backing.ts";
import type { ApiClient } from "../api/client.ts";
import { eventsBound, lastOf, leftOut } from "../api/read-bound.ts";
import { completeFromWallMs, fetchRecorded, type Recorded } from "../api/recorded.ts";
import { readProxySockets, readRecordedFiles } from "../api/recorded-file.ts";
import { exits, Fault } from "../render/fault.ts";
import type { MeshOptions } from "./options.ts";
import { parseSince } from "./since.ts";
import { mustBeSeen } from "./unseen.ts";
import { apiOf, type World } from "./world.ts";

/** Where recorded traffic is read from, and from when. */
export interface SourceOptions extends MeshOptions {
  readonly since?: string;
  readonly from?: readonly string[];
  readonly proxy?: readonly string[];
}

/** What was recorded, as histories, and what is known besides. */
export interface Source {
  readonly recorded: RecordedHistories;
  /** Null: read from files or from proxies. */
  readonly api: ApiClient | null;
  /** Until when the records tell, wall ms; null: until the last of them. */
  readonly nowWallMs: number | null;
  /** What there is besides and was not read, in a sentence; null: nothing is. */
  readonly leftOut: string | null;
}

/** `--from FILE…`, `--proxy SOCKET…` */
export function withSource(command: Command): Command {
  return command
    .option("--from <file...>", "read recorded lines of JSON from files, without a control plane")
    .option("--proxy <socket...>", "ask proxies themselves, at their admin.sock");
}

/** `--since WHEN` */
export function withSince(command: Command): Command {
  return command.option(
    "--since <when>",
    "only what began since: 10m, 2h, or a moment as 2026-10-14T03:12:00Z",
  );
}

/** Reads and derives; of a full store the newest. @throws Fault where nothing can have been recorded. */
export async function readSource(
  world: World,
  options: SourceOptions,
  query: RecordedQuery = {},
): Promise<Source> {
  const sinceWallMs = parseSince(options.since, world.clock.wallMs());
  const offline = await readOffline(options);
  if (offline !== null) {
    const { batches, starts } = since(offline, sinceWallMs);
    const recorded = historiesOf(batches, { starts });
    return { recorded: cutAt(recorded, sinceWallMs), api: null, nowWallMs: null, leftOut: null };
  }
  const api = await apiOf(world, options);
  await mustBeSeen(api);
  const [told, contracts] = await Promise.all([
    fetchRecorded(api, {
      last: lastOf(eventsBound, options.since),
      ...query,
      ...(sinceWallMs === null ? {} : { since: String(sinceWallMs) }),
    }),
    fetchContracts(api),
  ]);
  const recorded = historiesOf(told.batches, { contracts, starts: told.starts });
  const fromWallMs = Math.max(sinceWallMs ?? 0, completeFromWallMs(told));
  const older = leftOut(told.complete, eventsBound, options.since);
  return {
    recorded: cutAt(recorded, fromWallMs),
    api,
    nowWallMs: world.clock.wallMs(),
    leftOut: older,
  };
}

/** The Contracts' `http` parts by name: order and types of arguments. */
export async function fetchContracts(api: ApiClient): Promise<ReadonlyMap<string, ContractDoc>> {
  const rows = await api.verb<readonly ContractRow[]>("contracts");
  return new Map(
    rows.flatMap(({ namespace, name, doc }) =>
      doc === null ? [] : [[`${namespace}/${name}`, doc]],
    ),
  );
}

/** Intent, where there is somebody to ask. */
export function backingFrom({ api }: Source): Promise<Backing> {
  return api === null ? Promise.resolve(() => null) : fetchBacking(api);
}

async function readOffline(options: SourceOptions): Promise<Recorded | null> {
  const { from, proxy } = options;
  if (from !== undefined && proxy !== undefined) {
    throw new Fault(exits.usage, "--from and --proxy: one of the two");
  }
  if (from !== undefined) return readRecordedFiles(from);
  return proxy === undefined ? null : readProxySockets(proxy);
}

function since(recorded: Recorded, wallMs: number | null): Recorded {
  if (wallMs === null) return recorded;
  const batches = recorded.batches.map((batch) => ({
    ...batch,
    exchanges: batch.exchanges.filter((each) => each.startMs + batch.wallOffsetMs >= wallMs),
  }));
  return { ...recorded, batches };
}

/** What is read begins then: of a message about that time one end may be left out. */
function cutAt(recorded: RecordedHistories, wallMs: number | null): RecordedHistories {
  if (wallMs === null || wallMs <= 0) return recorded;
  const workloads = new Set([...recorded.lives.values()].map(({ workload }) => workload));
  const cut = Array.from(workloads, (workload) => ({
    workload,
    fromWallMs: Number.NEGATIVE_INFINITY,
    toWallMs: wallMs,
    reason: "evicted" as const,
  }));
  // Those that began before are not here from their beginning.
  const isCut = ({ events: [first] }: History) => {
    const life = first === undefined ? undefined : recorded.lives.get(first.epoch);
    return life !== undefined && life.sinceMs + life.wallOffsetMs < wallMs;
  };
  const histories = new Map(
    Array.from(recorded.histories, ([name, history]) => [
      name,
      isCut(history) ? { ...history, isWhole: false } : history,
    ]),
  );
  return { ...recorded, histories, unrecorded: [...recorded.unrecorded, ...cut] };
}
