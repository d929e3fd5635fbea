import type { ServiceKey } from "../model/document.ts";
import { type CarriedProtocol, carriedProtocols } from "../model/protocol.ts";
import {
  type ConnectionsRow,
  countsConnections,
  rowKey,
  rowSince,
  type SummaryBody,
  type SummaryRow,
  SummaryTotal,
} from "./summary.ts";

/** How far apart readings are kept: the window is this much longer at most. */
const STEP_MS = 5000;

interface Reading {
  readonly atMs: number;
  readonly body: SummaryBody;
  readonly rows: ReadonlyMap<string, SummaryRow>;
}

/** A line of `stat services`, without what only resources know (ready workloads). */
export interface StatRow {
  readonly service: ServiceKey;
  /** 0 to 1; null without an answer in the window. */
  readonly success: number | null;
  readonly rps: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
  /** Connections open now to the processes' proxies. */
  readonly tcpConnections: number;
  /** What its callers spoke. */
  readonly protocols: readonly CarriedProtocol[];
}

/** Who asked whom over the window. */
export interface EdgeRow {
  /** SPIFFE ID of the caller; null: it showed none. */
  readonly source: string | null;
  readonly service: ServiceKey;
  readonly tls: boolean;
  readonly requests: number;
  /** Connections that carried octets which nobody has read, once they are over. */
  readonly connections: number;
  readonly protocols: readonly CarriedProtocol[];
}

/**
 * The last 60 s of all proxies' summaries. A service's numbers are what its callers got, from the callers' proxies: they
 * hold the answers that no process gave, too. Edges are what the service's own proxies saw, since they verified who asked.
 */
export class StatWindow {
  readonly #windowMs: number;
  readonly #readings = new Map<string, Reading[]>();

  /** @param windowMs default 60,000. */
  constructor(windowMs = 60_000) {
    this.#windowMs = windowMs;
  }

  /** How many summaries are held. */
  get readings(): number {
    let count = 0;
    for (const readings of this.#readings.values()) count += readings.length;
    return count;
  }

  /** Takes in the newest summary of the proxy of `workloadUid`. */
  add(workloadUid: string, body: SummaryBody, nowMs: number): void {
    const reading = {
      atMs: nowMs,
      body,
      rows: new Map(body.rows.map((row) => [rowKey(row), row])),
    };
    const readings = this.#readings.get(workloadUid) ?? [];
    this.#readings.set(workloadUid, readings);
    const previous = readings.at(-2);
    // The newest is replaced until it is a step from the one before; a new life begins a new list of its own.
    const isSameLife = readings.at(-1)?.body.life === body.life;
    if (isSameLife && previous?.body.life === body.life && nowMs - previous.atMs < STEP_MS) {
      readings[readings.length - 1] = reading;
    } else readings.push(reading);
    this.#dropOld(readings, nowMs);
  }

  /** Forgets a proxy that is gone for good. */
  remove(workloadUid: string): void {
    this.#readings.delete(workloadUid);
  }

  /** What every proxy counted over the window, and over how long, in ms, it is known. */
  since(nowMs: number): { readonly rows: readonly SummaryRow[]; readonly spanMs: number } {
    const sinceMs = nowMs - this.#windowMs;
    const rows: SummaryRow[] = [];
    let spanMs = 0;
    for (const readings of this.#readings.values()) {
      this.#dropOld(readings, nowMs);
      const first = readings[0];
      if (first === undefined) continue;
      const startMs = isWhole(first, sinceMs) ? first.atMs - first.body.uptimeMs : first.atMs;
      spanMs = Math.max(spanMs, Math.min(nowMs - startMs, this.#windowMs));
      rows.push(...rowsOf(readings, sinceMs));
    }
    return { rows, spanMs };
  }

  /** One line for each service that was asked over the window or has connections, by name. */
  services(nowMs: number): readonly StatRow[] {
    const totals = new Map<ServiceKey, SummaryTotal>();
    const protocols = new Map<ServiceKey, Set<CarriedProtocol | "">>();
    const { rows, spanMs } = this.since(nowMs);
    for (const row of rows) {
      const service = row.backend ?? row.service;
      if (service === "" || row.direction === "egress") continue;
      protocols.set(service, (protocols.get(service) ?? new Set()).add(row.protocol));
      if (row.direction === "inbound") continue; // its caller's proxy has counted it
      if (countsConnections(row)) continue;
      const total = totals.get(service) ?? new SummaryTotal();
      totals.set(service, total);
      total.add(row);
    }
    const open = this.#openConnections();
    const names = [...new Set([...protocols.keys(), ...open.keys()])].sort();
    const seconds = Math.max(1, spanMs / 1000);
    return names.map((service) => {
      const total = totals.get(service) ?? new SummaryTotal();
      return {
        service,
        success: total.successRate,
        rps: (total.success + total.failure) / seconds,
        p50Ms: total.quantileMs(0.5),
        p95Ms: total.quantileMs(0.95),
        p99Ms: total.quantileMs(0.99),
        tcpConnections: open.get(service) ?? 0,
        protocols: inOrder(protocols.get(service)),
      };
    });
  }

  /** One line for each caller and service over the window, by service, then caller. */
  edges(nowMs: number): readonly EdgeRow[] {
    const edges = new Map<string, EdgeRow>();
    const protocols = new Map<string, Set<CarriedProtocol | "">>();
    for (const row of this.since(nowMs).rows) {
      if (row.direction !== "inbound" || row.service === "") continue;
      const key = JSON.stringify([row.service, row.peer, row.tls]);
      const { requests = 0, connections = 0 } = edges.get(key) ?? {};
      const count = row.success + row.failure + row.cancelled;
      const seen = (protocols.get(key) ?? new Set()).add(row.protocol);
      protocols.set(key, seen);
      edges.set(key, {
        source: row.peer,
        service: row.service,
        tls: row.tls,
        requests: requests + (countsConnections(row) ? 0 : count),
        connections: connections + (countsConnections(row) ? count : 0),
        protocols: inOrder(seen),
      });
    }
    return [...edges].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, edge]) => edge);
  }

  #openConnections(): ReadonlyMap<ServiceKey, number> {
    const open = new Map<ServiceKey, number>();
    const isServed = (row: ConnectionsRow) =>
      row.direction === "inbound" && row.peer === "src" && row.service !== "";
    for (const readings of this.#readings.values()) {
      for (const row of readings.at(-1)?.body.connections.filter(isServed) ?? []) {
        open.set(row.service, (open.get(row.service) ?? 0) + row.open);
      }
    }
    return open;
  }

  /** Keeps one reading from before the window: differences start there. */
  #dropOld(readings: Reading[], nowMs: number): void {
    while (readings.length > 1 && readings[1]!.atMs <= nowMs - this.#windowMs) readings.shift();
  }
}

function inOrder(seen: ReadonlySet<string> | undefined): readonly CarriedProtocol[] {
  return carriedProtocols.filter((protocol) => seen?.has(protocol) === true);
}

/** Did the proxy's life begin after `sinceMs`? Then all it has counted is news. */
function isWhole(reading: Reading, sinceMs: number): boolean {
  return reading.atMs - reading.body.uptimeMs >= sinceMs;
}

/** What one proxy counted after `sinceMs`: per life, its last reading less its first, or all of a life that began since. */
function rowsOf(readings: readonly Reading[], sinceMs: number): SummaryRow[] {
  const rows: SummaryRow[] = [];
  let first = readings[0]!;
  for (const [index, last] of readings.entries()) {
    if (last.body.life !== first.body.life) first = last;
    if (readings[index + 1]?.body.life === first.body.life) continue;
    const before = isWhole(first, sinceMs) ? null : first.rows;
    for (const [key, row] of last.rows) {
      const news = rowSince(before?.get(key) ?? null, row);
      if (news !== null) rows.push(news);
    }
  }
  return rows;
}
