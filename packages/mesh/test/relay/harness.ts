import { assert } from "@heddle/mesh/base/assert.ts";
import { DeadlineWheel } from "@heddle/mesh/base/deadline-wheel.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { ContractReader } from "@heddle/mesh/contract/reader.ts";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type { BackendPolicyDoc, PlacementDoc, SlotsDoc } from "@heddle/mesh/model/document.ts";
import type { Fields, ReplyHead, RequestHead } from "@heddle/mesh/model/head.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import type { HttpProtocol } from "@heddle/mesh/model/protocol.ts";
import type {
  BodyLength,
  ClientStream,
  ReplyFailure,
  ReplySink,
  ServerStream,
} from "@heddle/mesh/net/codec.ts";
import { PlainReplyHead, PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import type {
  Connection,
  ConnectionEvents,
  DialOptions,
  TransportFailure,
} from "@heddle/mesh/net/transport.ts";
import { RetryBudget } from "@heddle/mesh/policy/budget.ts";
import type { FaultDraws } from "@heddle/mesh/policy/fault.ts";
import { EffectivePolicy } from "@heddle/mesh/policy/request-policy.ts";
import { RecordIds, RelayContext } from "@heddle/mesh/relay/context.ts";
import type { Frontend, Source } from "@heddle/mesh/relay/frontend.ts";
import { Exchange } from "@heddle/mesh/relay/relay.ts";
import type { ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";
import type { Backend } from "@heddle/mesh/upstream/backend.ts";
import { defaultUpstreamLimits, type UpstreamLimits } from "@heddle/mesh/upstream/context.ts";
import type { ClientCodec, ClientCodecOwner } from "@heddle/mesh/upstream/session.ts";
import { Upstream } from "@heddle/mesh/upstream/upstream.ts";
import { WideServer } from "./wide-server.ts";

/** A connection that goes nowhere. */
export class NoConnection implements Connection {
  readonly local = tcp("127.0.0.1", 1);
  readonly remote: Address;
  readonly peer = null;
  readonly queuedBytes = 0;
  readonly receivedBytes = 0;
  readonly sentBytes = 0;
  isReset = false;
  readonly #onReset: () => void;

  constructor(remote: Address, onReset: () => void) {
    this.remote = remote;
    this.#onReset = onReset;
  }

  write(): "done" {
    return "done";
  }
  writeOwned(): "done" {
    return "done";
  }
  end(): void {}
  pause(): void {}
  resume(): void {}
  reset(): void {
    if (this.isReset) return;
    this.isReset = true;
    this.#onReset();
  }
}

/** The server's side of one upstream connection, moved by hand. */
export class FakeServer implements ClientCodec, ClientStream, ConnectionEvents {
  readonly address: Address;
  readonly owner: ClientCodecOwner;
  connection: NoConnection;
  phase: "dialling" | "idle" | "busy" | "closed" = "dialling";
  exchanges = 0;
  keepAliveTimeoutMs: number | null = null;
  misfit: string | null = null;
  readonly isUnheard = false;
  sink: ReplySink | null = null;
  // Of the present exchange.
  head: RequestHead | null = null;
  body = "";
  hasEnded = false;
  isWritable = true;
  isReplyPaused = false;
  isReplying = false;
  /** Of a tunnel; it is over when both sides have ended. */
  isTunnel = false;
  hasReplyEnded = false;
  /** Does it close after the exchange that goes on? */
  isLast = false;

  constructor(address: Address, owner: ClientCodecOwner) {
    this.address = address;
    this.owner = owner;
    this.connection = new NoConnection(address, () => this.close());
  }

  get capacity(): number {
    return this.phase === "idle" ? 1 : 0;
  }

  get active(): number {
    return this.phase === "busy" ? 1 : 0;
  }

  get isClosing(): boolean {
    return this.phase === "closed" || this.isTunnel || this.isLast;
  }

  get ordinal(): number {
    return this.exchanges;
  }

  attach(): void {}
  onOpen(): void {}
  onBytes(): void {}
  onEnd(): void {}
  onDrain(): void {}
  onClose(): void {}

  /** The connection is there. */
  open(): void {
    this.phase = "idle";
    this.owner.onOpen(this);
  }

  /** The dial fails, or an idle connection goes. */
  lose(failure: TransportFailure | null): void {
    assert(this.phase !== "busy", "an exchange in flight is failed by reset");
    this.phase = "closed";
    this.owner.onClose(this, failure);
  }

  close(): void {
    this.isLast = true;
    if (this.phase === "closed" || this.phase === "busy") return;
    this.phase = "closed";
    this.owner.onClose(this, null);
  }

  start(sink: ReplySink): ClientStream {
    assert(this.phase === "idle", "one exchange at a time");
    this.phase = "busy";
    this.exchanges++;
    this.sink = sink;
    this.head = null;
    this.body = "";
    this.hasEnded = false;
    this.isWritable = true;
    this.isReplyPaused = false;
    this.isReplying = false;
    this.isTunnel = false;
    this.hasReplyEnded = false;
    return this;
  }

  sendHead(head: RequestHead, _length: BodyLength): void {
    assert(this.head === null, "one head per request");
    this.head = head;
  }

  sendBody(bytes: Buffer, start: number, end: number): boolean {
    assert(this.head !== null && !this.hasEnded, "body between head and end");
    this.body += bytes.toString("latin1", start, end);
    return this.isWritable;
  }

  sendEnd(_trailers: Fields | null): void {
    assert(this.head !== null && !this.hasEnded, "one end per request");
    this.hasEnded = true;
    if (this.isTunnel && this.hasReplyEnded) this.#over(false);
  }

  abort(): void {
    if (this.phase !== "busy") return;
    this.sink = null;
    this.phase = "closed";
    this.owner.onClose(this, null);
  }

  pauseReply(): void {
    this.isReplyPaused = true;
  }

  resumeReply(): void {
    this.isReplyPaused = false;
  }

  interim(status: number): void {
    this.sink!.onInterim(new PlainReplyHead(status));
  }

  replyHead(
    status: number,
    fields: Iterable<readonly [string, string]> = [],
    length: BodyLength = "chunked",
  ): void {
    this.isReplying = true;
    this.isTunnel = length === "tunnel";
    this.sink!.onReplyHead(new PlainReplyHead(status, fields), length);
    if (this.isTunnel) this.owner.onCapacity(this);
  }

  replyBody(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.sink!.onReplyBody(bytes, 0, bytes.length);
    bytes.fill(0xdb); // received octets are the transport's again
  }

  replyEnd(trailers: Fields | null = null): void {
    if (this.isTunnel) {
      this.hasReplyEnded = true;
      this.sink!.onReplyEnd(null);
      if (this.hasEnded && this.phase === "busy") this.#over(false);
      return;
    }
    const { sink } = this;
    const isReusable = this.hasEnded && !this.isLast;
    this.sink = null;
    this.phase = isReusable ? "idle" : "closed";
    sink!.onReplyEnd(trailers);
    this.owner.onExchangeEnd(this);
    if (!isReusable) this.owner.onClose(this, null);
  }

  #over(isReusable: boolean): void {
    this.sink = null;
    this.phase = isReusable ? "idle" : "closed";
    this.owner.onExchangeEnd(this);
    if (!isReusable) this.owner.onClose(this, null);
  }

  /** A whole reply. */
  reply(status: number, text = "", fields: Iterable<readonly [string, string]> = []): void {
    this.replyHead(status, fields, text.length);
    if (this.sink === null) return; // nobody wants the rest
    if (text !== "") this.replyBody(text);
    this.replyEnd();
  }

  /** The connection breaks amid the exchange. */
  fail(failure: Partial<ReplyFailure> = {}): void {
    const { sink } = this;
    this.sink = null;
    this.phase = "closed";
    const all = { reason: "reset", sent: true, answered: this.isReplying, detail: "gone" } as const;
    sink!.onReplyFailed({ ...all, ...failure });
    this.owner.onExchangeEnd(this);
    this.owner.onClose(this, null);
  }
}

/** The client's side, with everything that was sent to it. */
export class FakeClient implements ServerStream {
  readonly protocol: HttpProtocol;
  readonly ordinal = 1;
  readonly connection: Connection = new NoConnection(tcp("127.0.0.1", 2), () => {});
  readonly interims: number[] = [];
  head: ReplyHead | null = null;
  body = "";
  end: "none" | "whole" | "cut" = "none";
  trailers: Fields | null = null;
  length: BodyLength = 0;
  closes = false;
  isRequestPaused = false;
  isWritable = true;

  constructor(protocol: HttpProtocol = "http/1.1") {
    this.protocol = protocol;
  }

  sendInterim(head: ReplyHead): void {
    assert(this.head === null && this.end === "none", "interim before final");
    this.interims.push(head.status);
  }

  sendHead(head: ReplyHead, length: BodyLength): void {
    assert(this.head === null && this.end === "none", "one final reply");
    this.head = head;
    this.length = length;
  }

  sendBody(bytes: Buffer, start: number, end: number): boolean {
    assert(this.head !== null && this.end === "none", "body between head and end");
    this.body += bytes.toString("latin1", start, end);
    return this.isWritable;
  }

  sendEnd(trailers: Fields | null): void {
    assert(this.head !== null && this.end === "none", "one end");
    this.end = "whole";
    this.trailers = trailers;
  }

  abort(): void {
    assert(this.end === "none" || this.length === "tunnel", "one end");
    this.end = "cut";
  }

  closeAfter(): void {
    assert(this.head === null, "before the head");
    this.closes = true;
  }

  pauseRequest(): void {
    this.isRequestPaused = true;
  }

  resumeRequest(): void {
    this.isRequestPaused = false;
  }
}

export interface RigOptions {
  readonly endpoints?: number;
  readonly identity?: SpiffeId | null;
  readonly placement?: PlacementDoc;
  readonly slots?: SlotsDoc;
  readonly requestTimeoutMs?: number | null;
  readonly limits?: Partial<UpstreamLimits>;
  readonly frontend?: Partial<Frontend>;
  readonly failfastMs?: number;
  readonly queueMax?: number;
  readonly contract?: ContractReader | null;
  readonly fault?: FaultDraws | null;
  readonly speaks?: HttpProtocol | null;
  /** What the service's policy says besides. */
  readonly policy?: Partial<BackendPolicyDoc>;
}

const source: Source = {
  address: "127.0.0.1:5",
  own: "127.0.0.1:80",
  connection: "127.0.0.1:5>127.0.0.1:80",
  identity: null,
  isTls: false,
  placement: { workloadUid: "caller", identity: null },
  ownAuthority: "",
  name: "caller-0",
};

/** One frontend over a backend of `e0`, `e1` … whose connections are FakeServers. */
export class Rig {
  readonly clock = new VirtualClock();
  readonly wheel = new DeadlineWheel(this.clock, 1);
  readonly records: ExchangeRecord[] = [];
  readonly servers: FakeServer[] = [];
  /** Those that were asked to speak HTTP/2. */
  readonly wide: WideServer[] = [];
  /** What was offered to each; null: a plain connection. */
  readonly offers: (string | null)[] = [];
  readonly upstream: Upstream;
  readonly backend: Backend;
  readonly context: RelayContext;
  readonly budget = new RetryBudget();
  readonly frontend: Frontend;
  readonly #options: RigOptions;

  constructor(options: RigOptions = {}) {
    this.#options = options;
    let dialling: FakeServer | WideServer | null = null;
    this.upstream = new Upstream({
      clock: this.clock,
      wheel: this.wheel,
      rng: new SeededRng(1),
      transport: {
        dial: (dial: DialOptions) => {
          Object.assign(dialling!, { address: dial.address });
          this.offers.push(dial.tls?.alpn.join() ?? null);
          return dialling!.connection;
        },
        listen: () => Promise.reject(new Error("nobody listens here")),
      },
      trust: {
        credentials: () => ({
          generation: 1,
          spiffeId: options.identity!,
          keyPem: "",
          chainPem: "",
          bundlePem: "",
        }),
        verifier: (id) => () => ({ ok: true, id }),
      },
      codec: (owner, protocol) => {
        if (protocol === "h2") {
          const wide = new WideServer(owner);
          this.wide.push(wide);
          dialling = wide;
          return wide;
        }
        const server = new FakeServer(tcp("0.0.0.0", 0), owner);
        this.servers.push(server);
        dialling = server;
        return server;
      },
      limits: { ...defaultUpstreamLimits, ...options.limits },
    });
    this.backend = this.upstream.backend("default/kvs", 80);
    this.apply({});
    this.context = new RelayContext(
      this.clock,
      this.wheel,
      { record: (record) => this.records.push(record) },
      new RecordIds(),
    );
    this.frontend = {
      direction: "outbound",
      service: "default/kvs",
      port: 80,
      fails: null,
      pending: null,
      edit: null,
      gate: null,
      routes: null,
      backend: this.backend,
      backendOf: () => this.backend,
      requestTimeoutMs: options.requestTimeoutMs ?? null,
      budgetOf: () => this.budget,
      policy: new EffectivePolicy("default/kvs", null),
      isEdge: false,
      ...options.frontend,
    };
  }

  /** New documents. @param phases by uid; `ready` where none is named, and `gone` is not in the set */
  apply(phases: Readonly<Record<string, "ready" | "away" | "draining" | "gone">>): void {
    const { endpoints = 1, identity = null, placement, slots } = this.#options;
    const members = [];
    for (let index = 0; index < endpoints; index++) {
      const uid = `e${index}`;
      const phase = phases[uid] ?? "ready";
      if (phase === "gone") continue;
      const endpoint = this.upstream.endpoint({
        uid,
        workload: uid,
        address: tcp("127.0.0.1", 9000 + index),
        identity,
        isOwn: false,
      });
      members.push({ target: endpoint.target("default/kvs", 80), phase });
    }
    this.backend.apply({
      policy: {
        picker: "round-robin",
        connectTimeoutMs: 1000,
        requestTimeoutMs: null,
        queueMax: this.#options.queueMax ?? 100,
        failfastMs: this.#options.failfastMs ?? 3000,
        ...this.#options.policy,
      },
      placement: placement ?? null,
      slots: slots ?? null,
      contract: this.#options.contract ?? null,
      fault: this.#options.fault ?? null,
      speaks: this.#options.speaks ?? null,
      members,
    });
    this.backend.flush();
  }

  /** A client asks. Without a body its request has ended. */
  ask(line: AskedLine = {}): Asked {
    const { method = "GET", path = "/7", length = 0, protocol, upgrade = null, fields } = line;
    const client = new FakeClient(protocol);
    const head = new PlainRequestHead({ method, path, authority: "kvs" }, fields);
    head.upgrade = upgrade;
    const slot = { frontend: this.frontend };
    const exchange = new Exchange(this.context, slot, source, client, head, length);
    exchange.begin();
    if (length === 0 && client.end === "none") exchange.onRequestEnd(null);
    return { client, exchange };
  }

  /** The server that was dialled last. */
  get server(): FakeServer {
    return this.servers.at(-1)!;
  }

  get record(): ExchangeRecord {
    assert(this.records.length === 1, `one record, not ${this.records.length}`);
    return this.records[0]!;
  }

  /** The server that has a request and has not answered; opens what is dialled until there is one. */
  get asked(): FakeServer {
    for (let round = 0; round < 10; round++) {
      const busy = this.servers.find(({ phase, isReplying }) => phase === "busy" && !isReplying);
      if (busy !== undefined) return busy;
      this.servers.find(({ phase }) => phase === "dialling")?.open();
    }
    throw new Error("nobody is asked");
  }

  /** A connection that has carried an exchange and lies idle. */
  warm(): FakeServer {
    this.ask();
    const { server } = this;
    server.open();
    server.reply(200);
    this.records.length = 0;
    return server;
  }
}

export interface AskedLine {
  readonly method?: string;
  readonly path?: string;
  readonly length?: BodyLength;
  /** Default `http/1.1`. */
  readonly protocol?: HttpProtocol;
  readonly upgrade?: string | null;
  readonly fields?: readonly (readonly [string, string])[];
}

export interface Asked {
  readonly client: FakeClient;
  readonly exchange: Exchange;
}

/** Octets of the client's body, poisoned afterwards as a transport would. */
export function sendBody(exchange: Exchange, text: string): void {
  const bytes = Buffer.from(text, "latin1");
  exchange.onRequestBody(bytes, 0, bytes.length);
  bytes.fill(0xdb);
}
