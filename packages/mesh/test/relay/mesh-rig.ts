import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { DeadlineWheel } from "@heddle/mesh/base/deadline-wheel.ts";
import { silentLog } from "@heddle/mesh/base/log.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { expectPeer, makePeerVerifier } from "@heddle/mesh/identity/verify-peer.ts";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import { type Document, documentKey } from "@heddle/mesh/model/document.ts";
import { openTransport } from "@heddle/mesh/net/open-transport.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import type { TlsCredentials } from "@heddle/mesh/net/transport.ts";
import { bindsItself } from "@heddle/mesh/proxy/listeners.ts";
import { systemResolver } from "@heddle/mesh/proxy/system-resolver.ts";
import { Workload } from "@heddle/mesh/proxy/workload.ts";
import type { Snapshot } from "@heddle/mesh/snapshot/snapshot.ts";
import { Metrics } from "@heddle/mesh/telemetry/metrics.ts";
import type { ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";
import { TelemetryRecorder } from "@heddle/mesh/telemetry/recorder.ts";

/** A workload's proxy on real sockets, in this process. */
export interface ProxyRig {
  readonly workload: Workload;
  readonly records: ExchangeRecord[];
  readonly wanted: string[];
  /** Connections opened to it and not closed, as they are counted. */
  openConnections(): number;
  /** Swaps to these documents and waits until it listens. Where it listens, by name. */
  serve(documents: readonly Document[]): Promise<ReadonlyMap<string, Address>>;
  /** New credentials from now on. */
  credentials: TlsCredentials | null;
}

export async function startProxy(credentials: TlsCredentials | null): Promise<ProxyRig> {
  const clock = new SystemClock();
  const { transport } = await openTransport({ clock });
  const records: ExchangeRecord[] = [];
  const wanted: string[] = [];
  const verifyPeer = makePeerVerifier({
    bundlePem: () => rig.credentials!.bundlePem,
    trustDomain: "mesh.test",
    clock,
  });
  const counter = new TelemetryRecorder({ clock, metrics: new Metrics(), life: "", workload: "" });
  const workload = new Workload({
    clock,
    wheel: new DeadlineWheel(clock),
    rng: new SeededRng(1),
    log: silentLog,
    transport,
    sockets: bindsItself,
    recorder: { record: (record) => records.push(record) },
    connectionCounter: counter,
    resolver: systemResolver,
    trust:
      credentials === null
        ? null
        : {
            credentials: () => rig.credentials,
            verifier: (expected) => expectPeer(verifyPeer, (id) => id === expected),
            verifyPeer,
          },
    want: (service) => wanted.push(service),
  });
  let revision = 0;
  const rig: ProxyRig = {
    workload,
    records,
    wanted,
    openConnections: () => {
      const accepted = counter.summary().connections.filter(({ peer }) => peer === "src");
      return accepted.reduce((sum, { open }) => sum + open, 0);
    },
    credentials,
    serve: async (documents) => {
      workload.apply(snapshotOf(documents, ++revision), []);
      await workload.listeners.settled();
      return workload.listeners.addresses();
    },
  };
  return rig;
}

export function snapshotOf(documents: readonly Document[], revision = 1): Snapshot {
  const byKey = new Map(documents.map((document) => [documentKey(document), document]));
  return { epoch: "test", revision, endpointsVersion: revision, documents: byKey };
}

export interface App {
  readonly address: Address;
  readonly port: number;
  readonly server: Server;
  close(): void;
}

/** An application on a free port. */
export async function startApp(
  handle: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<App> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("latin1").on("data", (text) => {
      body += text;
    });
    request.on("end", () => handle(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: tcp("127.0.0.1", port),
    port,
    server,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A client that says exactly what it is told. */
export class RawClient {
  readonly socket: Socket;
  #text = "";
  #isClosed = false;
  #wake: (() => void) | null = null;

  constructor(address: Address) {
    if (address.kind !== "tcp") throw new Error("TCP only");
    this.socket = connect(address.port, address.host);
    this.socket.setEncoding("latin1").on("data", (text) => {
      this.#text += text;
      this.#wake?.();
    });
    this.socket
      .on("error", () => {})
      .on("close", () => {
        this.#isClosed = true;
        this.#wake?.();
      });
  }

  say(text: string): this {
    this.socket.write(text, "latin1");
    return this;
  }

  /** Everything heard once it matches, or once the connection is closed. */
  async hear(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#text) && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#text;
  }

  /** Everything heard until the other side closed. */
  async end(): Promise<string> {
    return this.hear(/$./);
  }
}

/** One GET on a connection of its own; the whole reply as text. */
export function get(address: Address, path = "/", fields = ""): Promise<string> {
  return new RawClient(address)
    .say(`GET ${path} HTTP/1.1\r\nHost: x\r\n${fields}Connection: close\r\n\r\n`)
    .end();
}
