import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import type { PortProtocol, RoutesDoc } from "@heddle/mesh/model/document.ts";
import type { Fields, ReplyHead, RequestHead } from "@heddle/mesh/model/head.ts";
import type { AdmissionDoc } from "@heddle/mesh/model/policy.ts";
import type { HttpProtocol } from "@heddle/mesh/model/protocol.ts";
import type {
  BodyLength,
  ClientStream,
  ReplyFailure,
  ReplySink,
  RequestHandler,
  RequestSink,
  ServerStream,
} from "@heddle/mesh/net/codec.ts";
import { acceptedName, dialledName } from "@heddle/mesh/net/connection-name.ts";
import { Http1Client } from "@heddle/mesh/net/http1/client.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { Http1Server } from "@heddle/mesh/net/http1/server.ts";
import { Http2Client } from "@heddle/mesh/net/http2/client.ts";
import { Http2Context } from "@heddle/mesh/net/http2/context.ts";
import { Http2Server } from "@heddle/mesh/net/http2/server.ts";
import { PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import { endpointsDoc, proxyDoc, serviceDoc } from "../support/documents.ts";
import { idOf } from "../support/simulated-identity.ts";
import { listener, type Place, type SimulatedProxy, startSimulatedProxy } from "./simulated-rig.ts";

const out = tcp("127.0.0.1", 8001);
const inbound = tcp("127.0.0.1", 8003);
const app = tcp("127.0.0.1", 8004);

export interface CodecMeshOptions {
  /** What the process speaks. */
  readonly speaks: HttpProtocol;
  readonly hasTls?: boolean;
  readonly seed?: number;
  /** What is said of the port. Default: what the process speaks. */
  readonly protocol?: PortProtocol;
  /** Is the process asked in its own version of HTTP? Default true. */
  readonly fits?: boolean;
  /** What kvs takes in. Default: everything. */
  readonly admission?: AdmissionDoc;
  /** Of kvs, as its callers have them. Default: none. */
  readonly routes?: RoutesDoc;
}

/** client → caller's proxy → kvs's proxy → kvs, client and process moved by hand through codecs of either version. */
export class CodecMesh {
  readonly clock = new VirtualClock();
  readonly network: SimulatedNetwork;
  readonly rng: SeededRng;
  readonly caller: SimulatedProxy;
  readonly kvs: SimulatedProxy;
  /** What came to the process, in order. */
  readonly served: Served[] = [];
  /** What the process does with each request as it comes. */
  onServed: (served: Served) => void = () => {};

  constructor(options: CodecMeshOptions) {
    const { speaks, hasTls = true, seed = 1, protocol, fits = true } = options;
    const { admission, routes = null } = options;
    this.rng = new SeededRng(seed);
    this.network = new SimulatedNetwork({ clock: this.clock, rng: this.rng.fork("network") });
    const id = (name: string) => (hasTls ? idOf(name) : null);
    this.caller = startSimulatedProxy(this, "caller", id("caller"));
    this.kvs = startSimulatedProxy(this, "kvs", id("kvs"));
    this.#startApp(speaks, fits);
    const spoken = protocol ?? (speaks === "h2" ? "h2c" : "http1");
    const workload = (name: string) => ({
      uid: `${name}-uid`,
      name: `${name}-0`,
      namespace: "default",
      identity: id(name),
    });
    const port = { service: "default/kvs", port: 80, protocol: spoken, target: app };
    this.kvs.serve([
      proxyDoc("kvs-uid", {
        workload: workload("kvs"),
        inbound: { listener: listener("in", inbound), ports: [port] },
      }),
      ...(admission === undefined ? [] : [serviceDoc("kvs", { admission })]),
    ]);
    const endpoint = {
      uid: "kvs-uid",
      workload: "kvs-0",
      address: inbound,
      identity: id("kvs"),
      state: { phase: "ready" },
    } as const;
    this.caller.serve([
      proxyDoc("caller-uid", {
        workload: workload("caller"),
        outbound: [{ listener: listener("out", out), service: "default/kvs", port: 80 }],
      }),
      serviceDoc("kvs", { ports: [{ name: null, number: 80, protocol: spoken, routes }] }),
      endpointsDoc("kvs", [], { endpoints: [endpoint] }),
    ]);
  }

  /** A client of the caller's listener for kvs; open once a moment has passed. */
  dial(protocol: HttpProtocol): CodecClient {
    const client = new CodecClient(this.clock, protocol);
    const { transport } = this.network.process("client");
    client.codec.attach(transport.dial({ address: out, tls: null }, client.codec));
    return client;
  }

  /** Lets `ms` pass; promises of listeners settle first. */
  async pass(ms = 50): Promise<void> {
    await Promise.resolve();
    this.clock.advance(ms);
    await Promise.resolve();
  }

  #startApp(speaks: HttpProtocol, fits: boolean): void {
    const http1 = new Http1Context({ clock: this.clock });
    const http2 = new Http2Context({ clock: this.clock });
    const handler: RequestHandler = {
      onRequest: (stream, head, length) => {
        const served = new Served(stream, head, length);
        this.served.push(served);
        this.onServed(served);
        return served;
      },
      onBadRequest: (_, reason, detail) => {
        if (!fits) return;
        throw new Error(`the process was asked what it does not understand: ${reason} ${detail}`);
      },
      onConnectionClose() {},
    };
    void this.network
      .process("app")
      .transport.listen({ at: app, tls: null }, (connection) =>
        speaks === "h2"
          ? new Http2Server(http2, connection, handler)
          : new Http1Server(http1, connection, handler),
      );
  }
}

/** A client over one connection. */
export class CodecClient {
  readonly codec: Http1Client | Http2Client;
  isClosed = false;

  constructor(clock: VirtualClock, protocol: HttpProtocol) {
    const owner = {
      onOpen() {},
      onExchangeEnd() {},
      onCapacity() {},
      onClose: () => {
        this.isClosed = true;
      },
    };
    this.codec =
      protocol === "h2"
        ? new Http2Client(new Http2Context({ clock, via: null }), owner)
        : new Http1Client(new Http1Context({ clock, via: null }), owner);
  }

  ask(line: {
    readonly method?: string;
    readonly path?: string;
    readonly authority?: string;
    readonly length?: BodyLength;
    readonly upgrade?: string;
    readonly fields?: readonly (readonly [string, string])[];
  }): Asking {
    const { method = "GET", path = "/", authority = "kvs", length = 0 } = line;
    const { fields, upgrade = null } = line;
    const asking = new Asking();
    asking.stream = this.codec.start(asking);
    asking.place = `${dialledName(this.codec.connection)} ${asking.stream.ordinal}`;
    const head = new PlainRequestHead({ method, path, authority }, fields);
    head.upgrade = upgrade;
    asking.stream.sendHead(head, length);
    if (length === 0) asking.stream.sendEnd(null);
    return asking;
  }
}

/** One exchange as its client sees it. */
export class Asking implements ReplySink {
  stream: ClientStream | null = null;
  place: Place | null = null;
  head: ReplyHead | null = null;
  length: BodyLength | null = null;
  body = "";
  trailers: Fields | null = null;
  end: "none" | "whole" | "failed" = "none";

  say(text: string): this {
    const bytes = Buffer.from(text, "latin1");
    this.stream!.sendBody(bytes, 0, bytes.length);
    return this;
  }

  onInterim(): void {}

  onReplyHead(head: ReplyHead, length: BodyLength): void {
    this.head = head;
    this.length = length;
  }

  onReplyBody(bytes: Buffer, start: number, end: number): void {
    this.body += bytes.toString("latin1", start, end);
  }

  onReplyEnd(trailers: Fields | null): void {
    this.end = "whole";
    this.trailers = trailers;
  }

  onReplyFailed(_failure: ReplyFailure): void {
    this.end = "failed";
  }

  onWritable(): void {}
}

/** One exchange as the process sees it. */
export class Served implements RequestSink {
  readonly stream: ServerStream;
  readonly head: RequestHead;
  readonly length: BodyLength;
  readonly place: Place;
  body = "";
  trailers: Fields | null = null;
  end: "none" | "whole" | "failed" = "none";

  constructor(stream: ServerStream, head: RequestHead, length: BodyLength) {
    this.stream = stream;
    this.head = head;
    this.length = length;
    this.place = `${acceptedName(stream.connection)} ${stream.ordinal}`;
  }

  say(text: string): this {
    const bytes = Buffer.from(text, "latin1");
    this.stream.sendBody(bytes, 0, bytes.length);
    return this;
  }

  onRequestBody(bytes: Buffer, start: number, end: number): void {
    this.body += bytes.toString("latin1", start, end);
  }

  onRequestEnd(trailers: Fields | null): void {
    this.end = "whole";
    this.trailers = trailers;
  }

  onRequestFailed(): void {
    this.end = "failed";
  }

  onWritable(): void {}
}
