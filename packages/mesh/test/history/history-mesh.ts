import { DeadlineWheel } from "@heddle/mesh/base/deadline-wheel.ts";
import { silentLog } from "@heddle/mesh/base/log.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { type HistoriesOptions, historiesOf } from "@heddle/mesh/history/histories.ts";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type {
  Document,
  EndpointDoc,
  InboundDoc,
  ListenerDoc,
} from "@heddle/mesh/model/document.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import { Caller } from "@heddle/mesh/net/http1/caller.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import type { EndpointRecorder } from "@heddle/mesh/net/recorder.ts";
import { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import { bindsItself } from "@heddle/mesh/proxy/listeners.ts";
import { Workload } from "@heddle/mesh/proxy/workload.ts";
import { ExchangeWriter } from "@heddle/mesh/telemetry/exchange-writer.ts";
import type { ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";
import { KvsProcess, kvsDoc, recorder } from "../net/recorder-rig.ts";
import { snapshotOf } from "../relay/mesh-rig.ts";
import { endpointsDoc, proxyDoc, serviceDoc } from "../support/documents.ts";
import { acceptOnly, idOf } from "../support/simulated-identity.ts";

/** Contracts as `historiesOf` takes them. */
export const contracts = new Map([[kvsDoc.name, kvsDoc]]);

/** Real proxies and processes over one simulated network under virtual time, and what the proxies recorded. */
export class HistoryMesh {
  readonly clock = new VirtualClock();
  readonly network: SimulatedNetwork;
  readonly #rng: SeededRng;
  readonly #hasTls: boolean;
  readonly #proxies = new Map<string, Proxy>();
  readonly #http1: Http1Context;

  constructor({ hasTls, seed = 1 }: { readonly hasTls: boolean; readonly seed?: number }) {
    this.#rng = new SeededRng(seed);
    this.#hasTls = hasTls;
    this.network = new SimulatedNetwork({ clock: this.clock, rng: this.#rng.fork("network") });
    this.#http1 = new Http1Context({ clock: this.clock, via: null });
  }

  /** A process of `service` with its proxy, which peers reach at `port`. Where it is, as callers' documents say. */
  async serve(
    name: string,
    service: string,
    port: number,
  ): Promise<{ readonly process: KvsProcess; readonly endpoint: EndpointDoc }> {
    const process = new KvsProcess(this.clock);
    const target = await this.run(process.listen(this.network.process(name).transport));
    const identity = this.#identity(service);
    const address = tcp("127.0.0.1", port);
    const inbound: InboundDoc = {
      listener: { name: "in", address },
      ports: [{ service: `default/${service}`, port: 80, protocol: "http", target }],
    };
    const workload = { uid: `${name}-uid`, name, namespace: "default", identity };
    const contract = service === "kvs" ? kvsDoc : null;
    this.apply(name, [
      proxyDoc(workload.uid, { workload, inbound }),
      serviceDoc(service, { contract }),
    ]);
    const state = { phase: "ready" } as const;
    return { process, endpoint: { uid: workload.uid, workload: name, address, identity, state } };
  }

  /** A caller of kvs: its process's own recorder, and its proxy with a listener for kvs. */
  async call(
    name: string,
    endpoints: readonly EndpointDoc[],
  ): Promise<{ readonly caller: Caller; readonly recorder: EndpointRecorder }> {
    const listener: ListenerDoc = { name: "out", address: tcp("127.0.0.1", this.#nextPort++) };
    const identity = this.#identity(name);
    const workload = { uid: `${name}-uid`, name, namespace: "default", identity };
    const outbound = [{ listener, service: "default/kvs", port: 80 }];
    this.apply(name, [
      proxyDoc(workload.uid, { workload, outbound }),
      serviceDoc("kvs", { contract: kvsDoc }),
      endpointsDoc("kvs", [], { endpoints }),
    ]);
    await this.pass(1);
    const own = recorder(`default/${name}`, this.clock);
    return { caller: this.#caller(name, listener.address, own), recorder: own };
  }

  /** New documents for the proxy of `name`, which is started if there is none. */
  apply(name: string, documents: readonly Document[]): void {
    let proxy = this.#proxies.get(name);
    if (proxy === undefined) this.#proxies.set(name, (proxy = this.#startProxy(name)));
    proxy.workload.apply(snapshotOf(documents, ++proxy.revision), []);
  }

  /** Ends the proxy and the process of `name`; their addresses are free. */
  kill(name: string): void {
    this.network.kill(name);
    this.network.kill(`${name}/proxy`);
  }

  async run<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    for (let idle = 0; idle < 100; idle++) {
      await Promise.resolve();
      if (isSettled) return promise;
      if (this.clock.step()) idle = 0;
    }
    throw new Error("the simulation came to rest before what was waited for");
  }

  async pass(ms: number): Promise<void> {
    await Promise.resolve();
    this.clock.advance(ms);
    await Promise.resolve();
  }

  /** What each proxy recorded, a batch for each. */
  batches(): readonly RecordedBatch[] {
    return Array.from(this.#proxies, ([name, { records }]) => ({
      workload: { uid: `${name}-uid`, name, namespace: "default" },
      life: `${name}-life`,
      sinceMs: 0,
      boot: "boot",
      wallOffsetMs: this.clock.wallMs() - this.clock.monotonicMs(),
      store: "whole" as const,
      from: 1,
      exchanges: records.map((record) => new ExchangeWriter().write(record, name)),
      gaps: [],
      sampledShare: 1,
    }));
  }

  histories(options: HistoriesOptions = {}) {
    return historiesOf(this.batches(), { contracts, ...options });
  }

  #nextPort = 8100;

  #caller(name: string, address: Address, own: EndpointRecorder): Caller {
    const { transport } = this.network.process(name);
    return new Caller({
      transport,
      context: this.#http1,
      recorder: own,
      address,
      authority: "kvs",
    });
  }

  #identity(account: string): SpiffeId | null {
    return this.#hasTls ? idOf(account) : null;
  }

  #startProxy(name: string): Proxy {
    const { clock } = this;
    const spiffeId = idOf(name.replace(/-\d+$/, ""));
    const credentials = { generation: 1, spiffeId, keyPem: "", chainPem: "", bundlePem: "" };
    const records: ExchangeRecord[] = [];
    const workload = new Workload({
      clock,
      wheel: new DeadlineWheel(clock),
      rng: this.#rng.fork(name),
      log: silentLog,
      transport: this.network.process(`${name}/proxy`).transport,
      sockets: bindsItself,
      recorder: { record: (record) => records.push(record) },
      resolver: { resolve: async (host) => [host] },
      trust: {
        credentials: () => credentials,
        verifier: (expected) => acceptOnly((id) => id === expected),
        verifyPeer: acceptOnly(() => true),
      },
      want: () => {},
    });
    return { workload, records, revision: 0 };
  }
}

interface Proxy {
  readonly workload: Workload;
  readonly records: ExchangeRecord[];
  revision: number;
}
