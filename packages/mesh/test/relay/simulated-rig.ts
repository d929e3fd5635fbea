import { DeadlineWheel } from "@heddle/mesh/base/deadline-wheel.ts";
import { silentLog } from "@heddle/mesh/base/log.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { ConnectionName } from "@heddle/mesh/history/exchange.ts";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type { Document, ListenerDoc } from "@heddle/mesh/model/document.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import type { RequestHandler } from "@heddle/mesh/net/codec.ts";
import { acceptedName, dialledName } from "@heddle/mesh/net/connection-name.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { Http1Server } from "@heddle/mesh/net/http1/server.ts";
import { PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import type { Connection, ConnectionEvents } from "@heddle/mesh/net/transport.ts";
import { bindsItself } from "@heddle/mesh/proxy/listeners.ts";
import { Workload, type WorkloadOptions } from "@heddle/mesh/proxy/workload.ts";
import type { ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";
import { endpointsDoc, proxyDoc, serviceDoc } from "../support/documents.ts";
import { acceptOnly, idOf } from "../support/simulated-identity.ts";
import { snapshotOf } from "./mesh-rig.ts";

/** A message's identity as one end gives it: connection and ordinal. */
export type Place = `${ConnectionName} ${number}`;

/** Where the caller's proxy listens for kvs, and as a forward proxy; kvs's proxy; kvs itself. */
const out = tcp("127.0.0.1", 8001);
const forward = tcp("127.0.0.1", 8002);
const inbound = tcp("127.0.0.1", 8003);
const app = tcp("127.0.0.1", 8004);

/** One proxy's life over the network. */
export interface SimulatedProxy {
  readonly workload: Workload;
  readonly records: ExchangeRecord[];
  serve(documents: readonly Document[]): void;
}

export interface SimulatedMeshOptions {
  readonly seed?: number;
  /** With identities, TLS between the proxies; without, plain connections. */
  readonly hasTls: boolean;
}

/** client → caller's proxy → kvs's proxy → kvs, each hop over one simulated network under virtual time. */
export class SimulatedMesh {
  readonly clock = new VirtualClock();
  readonly network: SimulatedNetwork;
  readonly rng: SeededRng;
  readonly caller: SimulatedProxy;
  readonly kvs: SimulatedProxy;
  /** What the application was asked, as it names it. */
  readonly asked: Place[] = [];
  /** Documents of the caller's proxy; to be changed and served again. */
  readonly callerDocs: readonly Document[];
  readonly kvsDoc: Document;

  constructor({ seed = 1, hasTls }: SimulatedMeshOptions) {
    this.rng = new SeededRng(seed);
    this.network = new SimulatedNetwork({ clock: this.clock, rng: this.rng.fork("network") });
    const callerId = hasTls ? idOf("caller") : null;
    const kvsId = hasTls ? idOf("kvs") : null;
    this.caller = startSimulatedProxy(this, "caller", callerId);
    this.kvs = startSimulatedProxy(this, "kvs", kvsId);
    this.#startApp();
    this.kvsDoc = proxyDoc("kvs-uid", {
      workload: { uid: "kvs-uid", name: "kvs-0", namespace: "default", identity: kvsId },
      inbound: {
        listener: listener("in", inbound),
        ports: [{ service: "default/kvs", port: 80, protocol: "http", target: app }],
      },
    });
    this.kvs.serve([this.kvsDoc]);
    const callerDoc = proxyDoc("caller-uid", {
      workload: { uid: "caller-uid", name: "caller-0", namespace: "default", identity: callerId },
      outbound: [{ listener: listener("out", out), service: "default/kvs", port: 80 }],
      forwardProxy: listener("forward", forward),
    });
    const endpoint = {
      uid: "kvs-uid",
      workload: "kvs-0",
      address: inbound,
      identity: kvsId,
      state: { phase: "ready" },
    } as const;
    const endpoints = endpointsDoc("kvs", [], { endpoints: [endpoint] });
    this.callerDocs = [callerDoc, serviceDoc("kvs"), endpoints];
    this.caller.serve(this.callerDocs);
  }

  /** A client of the caller's listener for kvs. */
  dial(): TextClient {
    return this.#dial(out);
  }

  /** A client of the caller's forward proxy. */
  dialForward(): TextClient {
    return this.#dial(forward);
  }

  /** Lets `ms` pass; promises of listeners settle first. */
  async pass(ms: number): Promise<void> {
    await Promise.resolve();
    this.clock.advance(ms);
    await Promise.resolve();
  }

  #dial(address: Address): TextClient {
    const client = new TextClient();
    const { transport } = this.network.process("client");
    client.connection = transport.dial({ address, tls: null }, client);
    return client;
  }

  #startApp(): void {
    const context = new Http1Context({ clock: this.clock });
    const handler: RequestHandler = {
      onRequest: (stream) => {
        this.asked.push(`${acceptedName(stream.connection)} ${stream.ordinal}`);
        stream.sendHead(new PlainReplyHead(200), 2);
        stream.sendBody(Buffer.from("ok"), 0, 2);
        stream.sendEnd(null);
        return { onRequestBody() {}, onRequestEnd() {}, onRequestFailed() {}, onWritable() {} };
      },
      onBadRequest() {},
      onConnectionClose() {},
    };
    void this.network
      .process("app")
      .transport.listen(
        { at: app, tls: null },
        (connection) => new Http1Server(context, connection, handler),
      );
  }
}

/** A workload's proxy in the process `name` of the network. Null: it has no identity, and speaks plain. */
export function startSimulatedProxy(
  { clock, rng, network }: Pick<SimulatedMesh, "clock" | "rng" | "network">,
  name: string,
  identity: SpiffeId | null,
  options: Partial<WorkloadOptions> = {},
): SimulatedProxy {
  const credentials = {
    generation: 1,
    spiffeId: identity ?? idOf(name),
    keyPem: "",
    chainPem: "",
    bundlePem: "",
  };
  const records: ExchangeRecord[] = [];
  const workload = new Workload({
    clock,
    wheel: new DeadlineWheel(clock),
    rng: rng.fork(name),
    log: silentLog,
    transport: network.process(name).transport,
    sockets: bindsItself,
    recorder: { record: (record) => records.push(record) },
    resolver: { resolve: async (host) => [host] },
    trust: {
      credentials: () => credentials,
      verifier: (expected) => acceptOnly((id) => id === expected),
      verifyPeer: acceptOnly(() => true),
    },
    want: () => {},
    ...options,
  });
  let revision = 0;
  const serve = (documents: readonly Document[]) =>
    void workload.apply(snapshotOf(documents, ++revision), []);
  return { workload, records, serve };
}

/** Says octets, hears octets. */
export class TextClient implements ConnectionEvents {
  connection: Connection | null = null;
  heard = "";
  isClosed = false;
  #name = "";

  /** As the client itself names its connection, once it is open. */
  get name(): ConnectionName {
    return this.#name;
  }

  say(text: string): this {
    const bytes = Buffer.from(text, "latin1");
    this.connection!.write(bytes, 0, bytes.length);
    return this;
  }

  get(path: string): this {
    return this.say(`GET ${path} HTTP/1.1\r\nHost: kvs\r\n\r\n`);
  }

  onOpen(): void {
    this.#name = dialledName(this.connection!);
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    this.heard += bytes.toString("latin1", start, end);
  }

  onEnd(): void {
    this.connection!.end();
  }

  onDrain(): void {}

  onClose(): void {
    this.isClosed = true;
  }
}

export const listener = (name: string, address: Address): ListenerDoc => ({ name, address });
