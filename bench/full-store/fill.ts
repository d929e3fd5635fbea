import type { Rng } from "@heddle/mesh/base/rng.ts";
import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import type {
  RecordedAttempt,
  RecordedExchange,
  RecordedOperation,
} from "@heddle/mesh/history/exchange.ts";

/** Of which mesh, how much and over what time. */
export interface FillShape {
  /** Exchanges as proxies record them: two for each request, the caller's and the process's. */
  readonly exchanges: number;
  /** The last ended then; monotonic ms. */
  readonly untilMs: number;
  /** The first began so long before, in ms. */
  readonly spanMs: number;
  /** Exchanges of one batch. */
  readonly batch: number;
  readonly boot: string;
  readonly wallOffsetMs: number;
  readonly uidOf: (workload: string) => string;
}

interface Asked {
  readonly service: string;
  readonly callers: readonly string[];
  readonly processes: readonly string[];
  readonly keys: number;
}

/** Three services with a Contract each, whose callers are services themselves, or a visitor. */
const asked: readonly Asked[] = [
  {
    service: "kvs",
    callers: ["recommendation-0", "recommendation-1"],
    processes: ["kvs-0", "kvs-1", "kvs-2"],
    keys: 2000,
  },
  {
    service: "recommendation",
    callers: ["visitor-0"],
    processes: ["recommendation-0", "recommendation-1"],
    keys: 500,
  },
  { service: "stock", callers: ["visitor-0"], processes: ["stock-0", "stock-1"], keys: 500 },
];

/** Those that answer. */
export const answering: readonly string[] = asked.flatMap(({ processes }) => processes);

/**
 * What the proxies of three services would have sent, oldest first: each of them right, each key at one process, gets and
 * puts alike often. One seed gives the same records.
 */
export function* fill(rng: Rng, shape: FillShape): Generator<RecordedBatch> {
  const proxies = new Map<string, FilledProxy>();
  const proxyOf = (name: string) => {
    let proxy = proxies.get(name);
    if (proxy === undefined)
      proxies.set(name, (proxy = new FilledProxy(name, proxies.size, shape)));
    return proxy;
  };
  const values = new Map<string, string>();
  const requests = Math.floor(shape.exchanges / 2);
  for (let at = 0; at < requests; at++) {
    const startMs = shape.untilMs - shape.spanMs + Math.floor((shape.spanMs * at) / requests);
    const { service, callers, processes, keys } = asked[rng.below(asked.length)]!;
    const number = rng.below(keys);
    const key = String(number);
    const process = processes[number % processes.length]!;
    const caller = callers[rng.below(callers.length)]!;
    const known = values.get(`${service} ${key}`);
    const isPut = known === undefined || rng.below(2) === 0;
    const value = isPut ? `v${at}` : known;
    values.set(`${service} ${key}`, value);
    const request: Request = { service, key, process, isPut, value, startMs };
    const hop = proxyOf(caller).send(proxyOf(process), request);
    yield* proxyOf(process).receive(hop, request);
    yield* proxyOf(caller).keep();
  }
  for (const proxy of proxies.values()) yield* proxy.flush();
}

interface Request {
  readonly service: string;
  readonly key: string;
  readonly process: string;
  readonly isPut: boolean;
  readonly value: string;
  readonly startMs: number;
}

interface Hop {
  readonly caller: string;
  readonly connection: string;
  readonly ordinal: number;
  readonly own: string;
}

/** A request takes so long. They come apart, so that one seed's service is right whatever the rate. */
const tookMs = 0.2;

class FilledProxy {
  readonly #name: string;
  readonly #shape: FillShape;
  /** Where it and its process listen, and whence they ask. */
  readonly #address: string;
  readonly #app: string;
  readonly #from: string;
  readonly #ordinals = new Map<string, number>();
  #exchanges: RecordedExchange[] = [];
  #next = 1;
  #id = 0;
  #seq = 0;

  constructor(name: string, place: number, shape: FillShape) {
    this.#name = name;
    this.#shape = shape;
    this.#address = `127.0.0.1:${20_000 + place}`;
    this.#app = `127.0.0.1:${21_000 + place}`;
    this.#from = `127.0.0.1:${22_000 + place}`;
  }

  send(to: FilledProxy, request: Request): Hop {
    const ordinal = (this.#ordinals.get(to.#name) ?? 0) + 1;
    this.#ordinals.set(to.#name, ordinal);
    const hop: Hop = {
      caller: this.#name,
      connection: `${this.#from}>${to.#address}`,
      ordinal,
      own: this.#from,
    };
    const attempt = this.#attempt(request, {
      endpointUid: this.#shape.uidOf(to.#name),
      endpoint: to.#name,
      target: to.#address,
      ordinal,
      connection: hop.connection,
      own: this.#from,
    });
    this.#push(request, {
      direction: "outbound",
      front: {
        connection: `${this.#app}>${this.#address}`,
        ordinal: this.#id + 1,
        source: this.#app,
        own: this.#address,
        peer: null,
        caller: this.#name,
        callerField: null,
      },
      attempts: [attempt],
      startMs: request.startMs,
      endMs: request.startMs + tookMs,
    });
    return hop;
  }

  *receive(hop: Hop, request: Request): Generator<RecordedBatch> {
    const attempt = this.#attempt(request, {
      endpointUid: "app",
      endpoint: "app",
      target: this.#app,
      ordinal: this.#id + 1,
      connection: `${this.#from}>${this.#app}`,
      own: this.#from,
    });
    this.#push(request, {
      direction: "inbound",
      front: {
        connection: hop.connection,
        ordinal: hop.ordinal,
        source: hop.own,
        own: this.#address,
        peer: null,
        caller: hop.caller,
        callerField: null,
      },
      attempts: [attempt],
      startMs: request.startMs + tookMs / 4,
      endMs: request.startMs + tookMs / 2,
    });
    yield* this.keep();
  }

  *keep(): Generator<RecordedBatch> {
    if (this.#exchanges.length >= this.#shape.batch) yield* this.flush();
  }

  *flush(): Generator<RecordedBatch> {
    if (this.#exchanges.length === 0) return;
    const { boot, wallOffsetMs, untilMs, spanMs, uidOf } = this.#shape;
    const exchanges = this.#exchanges;
    yield {
      workload: { uid: uidOf(this.#name), name: this.#name, namespace: "default" },
      life: `filled-${this.#name}`,
      sinceMs: untilMs - spanMs - 1000,
      boot,
      wallOffsetMs,
      store: "whole",
      from: this.#next,
      exchanges,
      gaps: [],
      sampledShare: 1,
    };
    this.#next += exchanges.length;
    this.#exchanges = [];
  }

  #attempt(
    { startMs }: Request,
    to: Omit<
      RecordedAttempt,
      "sentMs" | "sentSeq" | "replyMs" | "replySeq" | "reason" | "identity"
    >,
  ): RecordedAttempt {
    return {
      ...to,
      identity: null,
      sentMs: startMs + tookMs / 8,
      sentSeq: this.#seq + 2,
      replyMs: startMs + (tookMs * 3) / 4,
      replySeq: this.#seq + 3,
      reason: null,
    };
  }

  #push(
    request: Request,
    ends: Pick<RecordedExchange, "direction" | "front" | "attempts" | "startMs" | "endMs">,
  ): void {
    const { service, key, isPut } = request;
    this.#exchanges.push({
      id: ++this.#id,
      service: `default/${service}`,
      servicePort: 80,
      backend: `default/${service}`,
      backendPort: 80,
      method: isPut ? "PUT" : "GET",
      path: `/${key}`,
      authority: service,
      route: null,
      status: isPut ? 201 : 200,
      reason: null,
      detail: "",
      origin: "app",
      headMs: ends.endMs,
      receivedSeq: this.#seq + 1,
      answeredSeq: this.#seq + 4,
      operation: operationOf(request),
      ...ends,
    });
    this.#seq += 4;
  }
}

function operationOf({ service, key, isPut, value }: Request): RecordedOperation {
  return {
    contract: `default/${service}`,
    name: isPut ? "put" : "get",
    parameters: { k: key },
    key,
    requestBody: isPut ? { text: value } : null,
    replyBody: isPut ? null : { text: value },
  };
}
