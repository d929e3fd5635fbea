import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type { Document, PortProtocol, ServiceDoc } from "@heddle/mesh/model/document.ts";
import { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "@heddle/mesh/net/transport.ts";
import { defaultTcpLimits, type TcpLimits } from "@heddle/mesh/relay/tcp-limits.ts";
import type { ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";
import type { ConnectionCounter } from "@heddle/mesh/telemetry/recorder.ts";
import type { UpstreamLimits } from "@heddle/mesh/upstream/context.ts";
import { endpointsDoc, proxyDoc, serviceDoc } from "../support/documents.ts";
import { idOf } from "../support/simulated-identity.ts";
import { listener, type SimulatedProxy, startSimulatedProxy } from "./simulated-rig.ts";

const out = tcp("127.0.0.1", 8001);
const forward = tcp("127.0.0.1", 8002);
const gateway = tcp("127.0.0.1", 8003);

/** One end of a connection in a test: what it heard, when, and how it ended. */
export class Peer implements ConnectionEvents {
  readonly clock: VirtualClock;
  connection: Connection | null = null;
  heard = "";
  /** When the first octet came, in ms; -1: none has. */
  firstMs = -1;
  hasHeardEnd = false;
  /** Null: it is open. */
  end: "closed" | "failed" | null = null;
  /** Does it end when the other side does? */
  endsWithOther = true;
  onHeard: (text: string) => void = () => {};

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  say(text: string): this {
    const bytes = Buffer.from(text, "latin1");
    this.connection!.write(bytes, 0, bytes.length);
    return this;
  }

  onOpen(): void {}

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.firstMs < 0) this.firstMs = this.clock.monotonicMs();
    const text = bytes.toString("latin1", start, end);
    this.heard += text;
    this.onHeard(text);
  }

  onEnd(): void {
    this.hasHeardEnd = true;
    if (this.endsWithOther) this.connection!.end();
  }

  onDrain(): void {}

  onClose(failure: TransportFailure | null): void {
    this.end = failure === null ? "closed" : "failed";
  }
}

/** What an application does with a connection. */
export type Script = (server: Peer) => void;

export interface TcpMeshOptions {
  readonly protocol?: PortProtocol;
  /** Replaces what the caller's proxy is told of the service. */
  readonly service?: Partial<ServiceDoc>;
  readonly hasTls?: boolean;
  /** Processes behind the service. Default 1. */
  readonly replicas?: number;
  readonly tcpLimits?: Partial<TcpLimits>;
  readonly limits?: UpstreamLimits;
  readonly seed?: number;
  /** Of the caller's proxy. */
  readonly counter?: ConnectionCounter;
}

/** client → caller's proxy → db's proxies → db's processes, which follow a script, over one simulated network. */
export class TcpMesh {
  readonly clock = new VirtualClock();
  readonly network: SimulatedNetwork;
  readonly rng: SeededRng;
  readonly caller: SimulatedProxy;
  readonly dbs: readonly SimulatedProxy[];
  /** Documents of the caller's proxy; to be changed and served again. */
  readonly callerDocs: readonly Document[];
  /** Connections that reached a process, in order. */
  readonly servers: (Peer & { readonly replica: number })[] = [];

  constructor(script: Script, options: TcpMeshOptions = {}) {
    const { protocol = "detect", hasTls = true, replicas = 1, seed = 1 } = options;
    this.rng = new SeededRng(seed);
    this.network = new SimulatedNetwork({ clock: this.clock, rng: this.rng.fork("network") });
    const limits = options.limits === undefined ? {} : { limits: options.limits };
    const tcpLimits = { ...defaultTcpLimits, ...options.tcpLimits };
    const id = (name: string) => (hasTls ? idOf(name) : null);
    const { counter } = options;
    this.caller = startSimulatedProxy(this, "caller", id("caller"), {
      tcpLimits,
      ...limits,
      ...(counter !== undefined && { connectionCounter: counter }),
    });
    this.dbs = Array.from({ length: replicas }, (_, replica) => {
      this.#startApp(replica, script);
      const proxy = startSimulatedProxy(this, `db-${replica}`, id("db"), { tcpLimits });
      const port = { service: "default/db", port: 80, protocol, target: appAt(replica) };
      const uid = `db-${replica}`;
      const workload = { uid, name: uid, namespace: "default", identity: id("db") };
      const inbound = { listener: listener("in", inboundAt(replica)), ports: [port] };
      proxy.serve([proxyDoc(uid, { workload, inbound })]);
      return proxy;
    });
    const endpoints = this.dbs.map((_, replica) => ({
      uid: `db-${replica}`,
      workload: `db-${replica}`,
      address: inboundAt(replica),
      identity: id("db"),
      state: { phase: "ready" } as const,
    }));
    const ports = [{ name: null, number: 80, protocol, routes: null }];
    this.callerDocs = [
      this.#callerDoc(id("caller")),
      serviceDoc("db", { ports, ...options.service }),
      endpointsDoc("db", [], { endpoints }),
    ];
    this.caller.serve(this.callerDocs);
  }

  get records(): readonly ExchangeRecord[] {
    return this.caller.records;
  }

  /** A client of the service; `at` another place of the caller's proxy, or a process itself. */
  dial(at: "service" | "forward" | "gateway" | "app" = "service"): Peer {
    const client = new Peer(this.clock);
    const places = { service: out, forward, gateway, app: appAt(0) };
    const { transport } = this.network.process("client");
    client.connection = transport.dial({ address: places[at], tls: null }, client);
    return client;
  }

  async pass(ms: number): Promise<void> {
    await Promise.resolve();
    this.clock.advance(ms);
    await Promise.resolve();
  }

  #callerDoc(identity: ReturnType<typeof idOf> | null): Document {
    const tls = { route: "TLSRoute/default/t", name: "0", hostnames: ["db.example", "*.wild"] };
    const backend = { service: "default/db", port: 80 };
    return proxyDoc("caller-uid", {
      workload: { uid: "caller-uid", name: "caller-0", namespace: "default", identity },
      outbound: [{ listener: listener("out", out), service: "default/db", port: 80 }],
      forwardProxy: listener("forward", forward),
      gateway: [
        {
          listener: listener("edge", gateway),
          name: "default/edge/tls",
          protocol: "tls",
          routes: { matches: [], rules: [] },
          tlsRoutes: [{ ...tls, backends: [{ backend, weight: 1, filters: [] }] }],
        },
      ],
    });
  }

  #startApp(replica: number, script: Script): void {
    void this.network
      .process(`app-${replica}`)
      .transport.listen({ at: appAt(replica), tls: null }, (connection) => {
        const server = Object.assign(new Peer(this.clock), { replica });
        server.connection = connection;
        this.servers.push(server);
        script(server);
        return server;
      });
  }
}

const inboundAt = (replica: number): Address => tcp("127.0.0.1", 8100 + replica);
const appAt = (replica: number): Address => tcp("127.0.0.1", 8200 + replica);
