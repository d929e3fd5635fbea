import { equal } from "../real/equal.ts";
import { batch, type Caller } from "./echo-client.ts";

/** Requests of upstream's weight cases. */
export const weightedRequests = 500;
/** How far a share may be off, in requests of `weightedRequests`. Upstream: 5 of 100. Ours is exact for one caller. */
const offMax = 5;

/** Who answered how often, by the workload's name without its ordinal, else by status. */
export type Shares = Readonly<Record<string, number>>;

/** Each share of `count` requests by weight, at most 5 requests off. */
export function expectShare(got: Shares, weights: Shares, count = weightedRequests): void {
  const sum = Object.values(weights).reduce((total, weight) => total + weight, 0);
  for (const [name, weight] of Object.entries(weights)) {
    const wanted = (count * weight) / sum;
    const isNear = Math.abs((got[name] ?? 0) - wanted) <= offMax;
    equal(
      isNear,
      true,
      `${name} has ${got[name] ?? 0} of ${count}, ${wanted} wanted: ${show(got)}`,
    );
  }
  const total = Object.keys(weights).reduce((all, name) => all + (got[name] ?? 0), 0);
  equal(total, count, `answers of others: ${show(got)}`);
}

export async function expectShares(client: Caller, url: string, weights: Shares): Promise<void> {
  expectShare(await httpShares(client, url), weights);
}

export function httpShares(client: Caller, url: string, count = weightedRequests): Promise<Shares> {
  return countWho(count, async () => {
    const { status, echo } = await client.ask(url);
    return echo === null ? String(status) : echo.hostname;
  });
}

export function grpcShares(client: Caller, count = weightedRequests): Promise<Shares> {
  return countWho(count, async () => {
    const { grpcStatus, echo } = await client.call("echo", "/proto.EchoTestService/Echo");
    return echo === null ? `grpc ${grpcStatus}` : echo.hostname;
  });
}

/** Counts who answers `count` times, twenty at a time. */
export async function countWho(count: number, who: () => Promise<string>): Promise<Shares> {
  const counts: Record<string, number> = {};
  await batch(count, async () => {
    const name = (await who()).replace(/-\d+$/, "");
    counts[name] = (counts[name] ?? 0) + 1;
  });
  return counts;
}

function show(shares: Shares): string {
  return JSON.stringify(shares);
}
