import type { RecordedLine } from "@heddle/mesh/history/batch.ts";
import { defaultNamespace } from "@heddle/mesh/resource/meta.ts";
import { narrow } from "../recording/narrow.ts";
import { type ShelfQuery, type StoreName, storeNames } from "../recording/shelf.ts";
import type { JsonLines } from "./http.ts";
import { KeptIds, LiveHistory, type RecordedContext } from "./live-history.ts";
import { ApiError } from "./status.ts";

/** The client is waited for while so many bytes are unread. */
const queueBytesMax = 4 << 20;

/**
 * Serves `recorded`: when processes were started, what is kept, since when that is complete, then what live
 * proxies hold beyond it; with `isFollowing` what comes, until the client goes.
 *
 *   {"start"}…  {"batch"}…  {"complete"}  {"batch"}… of the proxies' rings
 */
export async function serveRecorded(
  query: URLSearchParams,
  context: RecordedContext,
  lines: JsonLines,
): Promise<void> {
  const isFollowing = query.get("follow") === "true";
  const asked = queryOf(query, context);
  const last = countOf(query, "last");
  const { recordings, clock } = context;
  lines.start();
  // Asked first: what is exported meanwhile is in both, and what is in neither would be lost.
  const live = new LiveHistory(context, asked, isFollowing);
  try {
    const write = (line: RecordedLine) => lines.write(line);
    for (const start of recordings.starts({ ...asked, service: null })) write({ start });
    const kept = new KeptIds(recordings);
    // Others have their turn between pages.
    const turn = () => new Promise<void>((resolve) => clock.after(0, resolve));
    const begins = await recordings.beginning(asked, last, turn);
    for (const page of recordings.pages(asked, begins.after)) {
      for (const { batch } of page) {
        kept.add(batch);
        const meant = narrow(batch, asked);
        if (meant !== null) write({ batch: meant });
      }
      // A slow client is waited for.
      await lines.whenBelow(queueBytesMax);
      await turn();
      if (!lines.isOpen) return;
    }
    write({ complete: recordings.completeFrom(begins) });
    await live.pass(kept, lines);
  } finally {
    live.close();
  }
  lines.end();
}

function queryOf(
  query: URLSearchParams,
  { controller, clock, recordings }: RecordedContext,
): ShelfQuery {
  const service = query.get("service");
  const namespace = query.get("namespace");
  const key = service === null ? null : `${namespace ?? defaultNamespace}/${service}`;
  if (key !== null && !controller.index.inputs.services.has(key)) {
    throw new ApiError(
      "NotFound",
      `no Service "${service}" in namespace ${namespace ?? defaultNamespace}`,
    );
  }
  const sinceWallMs = timeOf(query, "since");
  return {
    store: storeOf(query.get("store")),
    service: key,
    // A service's callers may be anywhere.
    namespace: key === null ? namespace : null,
    workload: query.get("workload"),
    since:
      sinceWallMs === null
        ? null
        : {
            boot: recordings.complete.boot,
            ms: sinceWallMs - (clock.wallMs() - clock.monotonicMs()),
            wallMs: sinceWallMs,
          },
    untilWallMs: timeOf(query, "until"),
  };
}

function storeOf(text: string | null): StoreName | null {
  if (text === null) return null;
  const found = storeNames.find((name) => name === text);
  if (found === undefined) {
    throw new ApiError("BadRequest", `store: expected whole or sampled, got "${text}"`);
  }
  return found;
}

function countOf(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null) return null;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new ApiError("BadRequest", `${name}: expected a whole number from 1, got "${text}"`);
}

function timeOf(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null) return null;
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) {
    throw new ApiError("BadRequest", `${name}: expected wall ms, got "${text}"`);
  }
  return value;
}
