import type { Clock } from "../base/clock.ts";
import type { Direction } from "../history/exchange.ts";
import type { CarriedProtocol } from "../model/protocol.ts";
import { ConnectionsSeries } from "./connections-series.ts";
import type { Metrics } from "./metrics.ts";
import { ProxyMetrics } from "./proxy-metrics.ts";
import { ExchangeRecord, type Recorder } from "./record.ts";
import { Recording } from "./recording.ts";
import { ExchangeSeries } from "./series.ts";
import type { SummaryBody } from "./summary.ts";
import { type Tap, type TapFilter, type TapItem, TapStream } from "./tap.ts";

/** Series of one recorder; what comes beyond is counted together, one nameless series for each direction. */
const SERIES_MAX = 5000;
const TAPS_MAX = 64;

export interface RecorderOptions {
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Names this life of the proxy in summaries and histories. */
  readonly life: string;
  /** Names the host's boot, to which monotonic times belong. Default empty: unknown. */
  readonly boot?: string;
  /** The workload's name, as far as it is known: `recording.workload` tells it for sure. */
  readonly workload: string;
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
  /** How many recent records are kept. Default 2048, with their texts and bodies about 1.2 MB. */
  readonly recentMax?: number;
}

/** Hands out where connections are counted, and counts what they were found to carry. */
export interface ConnectionCounter {
  detected(protocol: CarriedProtocol, reason: string, afterMs: number): void;
  connections(
    direction: Direction,
    of: { readonly service: string; readonly port: number; readonly peer: "src" | "dst" },
  ): ConnectionsSeries;
}

/** Turns records into metrics, summaries, tap and memory of the recent past. One per workload. */
export class TelemetryRecorder implements Recorder, ConnectionCounter {
  readonly recording: Recording;
  readonly #clock: Clock;
  readonly #metrics: ProxyMetrics;
  readonly #life: string;
  readonly #startMs: number;
  /** By endpoint, or by direction where none was asked: short lists, compared in turn. */
  readonly #series = new Map<string, ExchangeSeries[]>();
  #seriesCount = 0;
  readonly #connections = new Map<string, ConnectionsSeries>();
  #taps: readonly TapStream[] = [];

  constructor(options: RecorderOptions) {
    this.#clock = options.clock;
    this.#metrics = new ProxyMetrics(options.metrics, options.clusterDomain ?? "cluster.local");
    this.#life = options.life;
    this.#startMs = options.clock.monotonicMs();
    this.recording = new Recording({
      clock: options.clock,
      life: options.life,
      boot: options.boot ?? "",
      recentMax: options.recentMax ?? 2048,
    });
    this.recording.workload = { uid: "", name: options.workload, namespace: "" };
    options.metrics.onCollect(() => {
      for (const series of this.#connections.values()) series.collect();
    });
  }

  get isRecording(): boolean {
    return this.recording.isOn;
  }

  record(record: ExchangeRecord): void {
    this.#seriesOf(record).add(record);
    this.recording.push(record);
    for (const tap of this.#taps) tap.offer(record);
  }

  /** Handles for connections of this kind: hold them, and tell them what happens. */
  connections(
    direction: Direction,
    of: { readonly service: string; readonly port: number; readonly peer: "src" | "dst" },
  ): ConnectionsSeries {
    const key = `${direction} ${of.service} ${of.port} ${of.peer}`;
    let series = this.#connections.get(key);
    if (series === undefined) {
      const handles = this.#metrics.connections(direction, of.service, of.peer);
      series = new ConnectionsSeries({ direction, ...of }, handles);
      if (this.#connections.size < SERIES_MAX) this.#connections.set(key, series);
    }
    return series;
  }

  /** A limit was met: `net/limit.ts` has their names. */
  limit(name: string): void {
    this.#metrics.limit(name).add(1);
  }

  /**
   * It was found out what a connection carries on a port that declares nothing.
   * @param reason how, in few words of a fixed set
   * @param afterMs since the connection began
   */
  detected(protocol: CarriedProtocol, reason: string, afterMs: number): void {
    this.#metrics.detected(protocol, reason).add(1);
    this.#metrics.detectLatency(protocol).record(afterMs);
  }

  /** All counts so far. */
  summary(): SummaryBody {
    return {
      life: this.#life,
      uptimeMs: this.#clock.monotonicMs() - this.#startMs,
      rows: [...this.#series.values()].flat().map((series) => series.summarise()),
      connections: Array.from(this.#connections.values(), (series) => series.summarise()),
    };
  }

  /**
   * Streams what passes the filter from now on, until `close`. Null: there are too many taps already.
   * @param emit gets each item at once; it must not throw.
   */
  tap(filter: TapFilter, emit: (item: TapItem) => void): Tap | null {
    if (this.#taps.length >= TAPS_MAX) return null;
    const stream = new TapStream(filter, {
      clock: this.#clock,
      workload: this.recording.workload.name,
      emit,
      onClose: () => {
        this.#taps = this.#taps.filter((other) => other !== stream);
      },
    });
    this.#taps = [...this.#taps, stream];
    return stream;
  }

  #seriesOf(record: ExchangeRecord): ExchangeSeries {
    // Places outside the mesh are named by clients, without end.
    if (record.direction === "egress") return this.#namelessOf("egress");
    return this.#find(record) ?? this.#add(record);
  }

  #find(record: ExchangeRecord): ExchangeSeries | null {
    const bucket = this.#series.get(keyOf(record));
    if (bucket !== undefined) for (const series of bucket) if (series.has(record)) return series;
    return null;
  }

  #add(record: ExchangeRecord): ExchangeSeries {
    if (this.#seriesCount >= SERIES_MAX) return this.#namelessOf(record.direction);
    this.#seriesCount++;
    return this.#put(record);
  }

  /** The series of what names nothing. */
  #namelessOf(direction: Direction): ExchangeSeries {
    const nameless = new ExchangeRecord(0, direction, 0);
    return this.#find(nameless) ?? this.#put(nameless);
  }

  #put(first: ExchangeRecord): ExchangeSeries {
    const series = new ExchangeSeries(first, this.#metrics);
    const bucket = this.#series.get(keyOf(first));
    if (bucket === undefined) this.#series.set(keyOf(first), [series]);
    else bucket.push(series);
    return series;
  }
}

function keyOf(record: ExchangeRecord): string {
  return record.endpointUid ?? record.direction;
}
