import type { Clock } from "../base/clock.ts";
import { type ContractReader, compileContractReader } from "../contract/reader.ts";
import type { EndpointName, History, HistoryEvent } from "../history/event.ts";
import type { RecordedValue } from "../history/exchange.ts";
import { type ObservedExchange, observedEvents } from "../history/observed-exchange.ts";
import type { ContractDoc } from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import type { Meaning } from "./open-exchange.ts";
import { RecordedConnection, type RecordingHost } from "./recorded-connection.ts";
import type {
  Accept,
  ConnectionEvents,
  DialOptions,
  ListenOptions,
  Transport,
} from "./transport.ts";

export interface EndpointRecorderOptions {
  /** What the endpoint calls itself. A process of the mesh is `<namespace>/<workload>`. */
  readonly endpoint: EndpointName;
  readonly clock: Clock;
  /** One life of the recorder. Default: from the wall clock. */
  readonly epoch?: string;
  /** The service that is asked at an address, or answers at it. Default: none is known. */
  readonly serviceAt?: (address: string) => RecordedService | null;
  /** Octets of exchanges kept, about; the oldest make room. Default 67108864. */
  readonly keptBytesMax?: number;
  /** A longer body is not kept. In octets. Default 65536. */
  readonly bodyBytesMax?: number;
}

export interface RecordedService {
  /** `<namespace>/<name>:<port>` */
  readonly name: string;
  /** How its requests are read as operations; null: they are not. */
  readonly contract: ContractDoc | null;
}

/** Exchanges between these monotonic times that are in no record of ours. */
export interface ObservedGap {
  readonly fromMs: number;
  readonly toMs: number;
  /** How many; -1: unknown. */
  readonly missing: number;
  /** Dropped to make room for newer ones; or what passed was no HTTP/1. */
  readonly reason: "overflow" | "unread";
}

/** Octets that an exchange takes, apart from its path and bodies. */
const EXCHANGE_BYTES = 512;

/**
 * Writes down the history of an endpoint that records itself: everything that passes through the transports which it has
 * wrapped. So a script or a test is an observed endpoint without a proxy, and its message identities are those that the
 * proxy, or another recorder, at the other end derives.
 */
export class EndpointRecorder implements RecordingHost {
  readonly endpoint: EndpointName;
  readonly epoch: string;
  readonly clock: Clock;
  readonly bodyBytesMax: number;
  readonly #keptBytesMax: number;
  readonly #serviceAt: (address: string) => RecordedService | null;
  readonly #readers = new Map<ContractDoc, ContractReader>();
  #exchanges: ObservedExchange[] = [];
  /** At most one for each reason: what is missing adds up. */
  readonly #gaps = new Map<ObservedGap["reason"], ObservedGap>();
  #keptBytes = 0;
  #seq = 0;
  #id = 0;

  constructor(options: EndpointRecorderOptions) {
    this.endpoint = options.endpoint;
    this.clock = options.clock;
    this.epoch = options.epoch ?? options.clock.wallMs().toString(36);
    this.bodyBytesMax = options.bodyBytesMax ?? 65_536;
    this.#keptBytesMax = options.keptBytesMax ?? 67_108_864;
    this.#serviceAt = options.serviceAt ?? (() => null);
  }

  /** The transport, recorded. */
  wrap(transport: Transport): Transport {
    return {
      dial: (options: DialOptions, events: ConnectionEvents) => {
        const connection = new RecordedConnection(this, "asked");
        connection.attach(transport.dial(options, connection), events);
        return connection;
      },
      listen: (options: ListenOptions, accept: Accept) =>
        transport.listen(options, (inner) => {
          const connection = new RecordedConnection(this, "answered");
          connection.attach(inner, null);
          const events = accept(connection);
          if (events === null) return null;
          connection.attach(inner, events);
          return connection;
        }),
    };
  }

  /** What is kept, in the order in which it began. */
  get exchanges(): readonly ObservedExchange[] {
    return this.#exchanges;
  }

  /** The one that began last; null: none. */
  get latest(): ObservedExchange | null {
    return this.#exchanges.at(-1) ?? null;
  }

  get gaps(): readonly ObservedGap[] {
    return [...this.#gaps.values()];
  }

  /** The local point of view: our own events, in order. */
  get history(): History {
    const events: HistoryEvent[] = this.#exchanges.flatMap((exchange) =>
      observedEvents(exchange, this),
    );
    events.sort((a, b) => a.seq - b.seq);
    return { endpoint: this.endpoint, events, isWhole: this.#gaps.size === 0 };
  }

  /** Gives up the exchanges that are over; their reader keeps what it needs. */
  take(): readonly ObservedExchange[] {
    const over = this.#exchanges.filter(({ endMs }) => endMs >= 0);
    this.#exchanges = this.#exchanges.filter(({ endMs }) => endMs < 0);
    this.#keptBytes = sum(this.#exchanges);
    return over;
  }

  nextSeq(): number {
    return ++this.#seq;
  }

  nextId(): number {
    return ++this.#id;
  }

  read(address: string, head: RequestHead): Meaning {
    const service = this.#serviceAt(address);
    if (service === null) return { service: null, reading: null };
    const read = service.contract === null ? null : this.#readerOf(service.contract).read(head);
    if (read === null) return { service: service.name, reading: null };
    const { contract, operation, parameters, key } = read;
    return {
      service: service.name,
      reading: { contract: contract.name, operation, parameters, key },
    };
  }

  begun(exchange: ObservedExchange): void {
    this.#exchanges.push(exchange);
  }

  ended(exchange: ObservedExchange): void {
    this.#keptBytes += bytesOf(exchange);
    if (this.#keptBytes > this.#keptBytesMax) this.#makeRoom();
  }

  unsent(exchange: ObservedExchange): void {
    this.#exchanges = this.#exchanges.filter((each) => each !== exchange);
  }

  lost(): void {
    const nowMs = this.clock.monotonicMs();
    const fromMs = this.#gaps.get("unread")?.fromMs ?? nowMs;
    this.#gaps.set("unread", { fromMs, toMs: nowMs, missing: -1, reason: "unread" });
  }

  /** Drops the oldest quarter of what is over, so that it is seldom done. */
  #makeRoom(): void {
    const count = Math.ceil(this.#exchanges.length / 4);
    const isOld = ({ endMs }: ObservedExchange, index: number) => index < count && endMs >= 0;
    const dropped = this.#exchanges.filter(isOld);
    this.#exchanges = this.#exchanges.filter((each, index) => !isOld(each, index));
    this.#keptBytes = sum(this.#exchanges);
    const before = this.#gaps.get("overflow");
    const [first] = dropped;
    if (first === undefined) return;
    this.#gaps.set("overflow", {
      fromMs: before?.fromMs ?? first.request.atMs,
      toMs: dropped.at(-1)!.endMs,
      missing: (before?.missing ?? 0) + dropped.length,
      reason: "overflow",
    });
  }

  #readerOf(contract: ContractDoc): ContractReader {
    let reader = this.#readers.get(contract);
    if (reader === undefined) {
      reader = compileContractReader(contract);
      this.#readers.set(contract, reader);
    }
    return reader;
  }
}

function sum(exchanges: readonly ObservedExchange[]): number {
  return exchanges.reduce((bytes, each) => bytes + (each.endMs < 0 ? 0 : bytesOf(each)), 0);
}

function bytesOf({ request, reply }: ObservedExchange): number {
  const bodies = lengthOf(request.body) + (reply === null ? 0 : lengthOf(reply.body));
  return EXCHANGE_BYTES + request.path.length + bodies;
}

function lengthOf(value: RecordedValue): number {
  return "text" in value ? value.text.length : 0;
}
