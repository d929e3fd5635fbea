import type { Clock } from "@heddle/mesh/base/clock.ts";
import { DeadlineWheel } from "@heddle/mesh/base/deadline-wheel.ts";
import { silentLog } from "@heddle/mesh/base/log.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import type { Evidence } from "@heddle/mesh/check/evidence.ts";
import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type { Document } from "@heddle/mesh/model/document.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import { Caller } from "@heddle/mesh/net/http1/caller.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { EndpointRecorder } from "@heddle/mesh/net/recorder.ts";
import { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import { bindsItself } from "@heddle/mesh/proxy/listeners.ts";
import { Workload, type WorkloadOptions } from "@heddle/mesh/proxy/workload.ts";
import { ExchangeWriter } from "@heddle/mesh/telemetry/exchange-writer.ts";
import type { ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";
import { snapshotOf } from "../relay/mesh-rig.ts";
import { acceptOnly } from "../support/simulated-identity.ts";
import { type Compiled, compileIntent, intent, type Member, membersAt } from "./intent.ts";
import { SlowProcess } from "./slow-process.ts";

/** What is wrong with one run: everything absent is as in the product. */
export interface Mutation {
  /** The documents of one workload's proxy. */
  readonly documents?: (workload: string, documents: readonly Document[]) => readonly Document[];
  /** What a proxy is made of. */
  readonly options?: (workload: string, options: WorkloadOptions) => WorkloadOptions;
  /** Who a workload can prove to be. */
  readonly identity?: (workload: string, identity: SpiffeId) => SpiffeId;
  /** Changes what all proxies are made of; gives what takes it back. */
  readonly patch?: () => () => void;
  /** A record as the proxy's recorder keeps it; null: it does not. */
  readonly record?: (
    workload: string,
    record: ExchangeRecord,
    index: number,
  ) => ExchangeRecord | null;
  readonly batches?: (batches: readonly RecordedBatch[]) => readonly RecordedBatch[];
}

/** Longer than a record may be on its way: what is missing then is missing. */
const restMs = 40_000;

/**
 * Resources, compiled; a real proxy beside each process, over a simulated network under virtual time; two callers that
 * ask by key, by share and with little time; and what the proxies recorded, beside the intent it is held against.
 */
export async function recordEvidence(seed: number, mutation: Mutation = {}): Promise<Evidence> {
  const restore = mutation.patch?.() ?? null;
  try {
    const mesh = new JudgedMesh(seed, mutation);
    await mesh.start();
    await mesh.ask();
    return mesh.evidence();
  } finally {
    restore?.();
  }
}

class JudgedMesh {
  readonly #clock = new VirtualClock();
  readonly #rng: SeededRng;
  readonly #network: SimulatedNetwork;
  readonly #mutation: Mutation;
  readonly #records = new Map<string, ExchangeRecord[]>();
  readonly #members: readonly Member[] = membersAt();
  #compiled: Compiled = compileIntent(this.#members);

  constructor(seed: number, mutation: Mutation) {
    this.#rng = new SeededRng(seed);
    this.#mutation = mutation;
    this.#network = new SimulatedNetwork({ clock: this.#clock, rng: this.#rng.fork("network") });
  }

  async start(): Promise<void> {
    for (const member of this.#members) {
      const { name, appPort } = member;
      const app = new SlowProcess(this.#clock);
      await this.#run(app.listen(this.#network.process(name).transport, tcp("127.0.0.1", appPort)));
      const documents = this.#compiled.documentsOf(member);
      const meant = this.#mutation.documents?.(name, documents) ?? documents;
      this.#startProxy(member).apply(snapshotOf(meant), []);
    }
    await this.#pass(10);
  }

  async ask(): Promise<void> {
    const rng = this.#rng.fork("asks");
    const callers = this.#members
      .filter(({ process }) => process === "visitor")
      .map((member) => this.#callers(member));
    for (let turn = 0; turn < 80; turn++) {
      const { kvs, rec, cart } = callers[rng.below(callers.length)]!;
      const key = rng.below(12);
      const spelling = [`/${key}`, `/0${key}`, `//${key}?x=1`][rng.below(3)]!;
      await this.#run(kvs.call(rng.below(2) === 0 ? "GET" : "PUT", spelling));
      await this.#run(rec.call("GET", `/item/${turn}`));
      await this.#run(cart.call("GET", `/${key}/items`));
      if (turn % 20 === 7) await this.#run(rec.call("GET", `/slow/${turn}`));
    }
    await this.#pass(restMs);
    for (const { kvs, rec } of callers) {
      for (let key = 0; key < 12; key++) await this.#run(kvs.call("GET", `/${key}`));
      for (let turn = 0; turn < 4; turn++) await this.#run(rec.call("GET", "/item"));
    }
    await this.#pass(1000);
  }

  evidence(): Evidence {
    const batches = this.#members.map(({ name }) => this.#batch(name));
    return {
      intent: [{ fromWallMs: 0, resources: intent }],
      workloads: this.#compiled.workloads,
      batches: this.#mutation.batches?.(batches) ?? batches,
    };
  }

  #batch(name: string): RecordedBatch {
    const writer = new ExchangeWriter();
    return {
      workload: { uid: name, name, namespace: "default" },
      life: `${name}-life`,
      sinceMs: 0,
      boot: "boot",
      wallOffsetMs: this.#clock.wallMs() - this.#clock.monotonicMs(),
      store: "whole",
      from: 1,
      exchanges: (this.#records.get(name) ?? []).map((record) => writer.write(record, name)),
      gaps: [],
      sampledShare: 1,
    };
  }

  #startProxy({ name, identity }: Member): Workload {
    const clock: Clock = this.#clock;
    const spiffeId = this.#mutation.identity?.(name, identity) ?? identity;
    const credentials = { generation: 1, spiffeId, keyPem: "", chainPem: "", bundlePem: "" };
    const records: ExchangeRecord[] = [];
    this.#records.set(name, records);
    let index = 0;
    const options: WorkloadOptions = {
      clock,
      wheel: new DeadlineWheel(clock),
      rng: this.#rng.fork(name),
      log: silentLog,
      transport: this.#network.process(`${name}/proxy`).transport,
      sockets: bindsItself,
      recorder: {
        record: (record) => {
          const { record: keep } = this.#mutation;
          const kept = keep === undefined ? record : keep(name, record, index++);
          if (kept !== null) records.push(kept);
        },
      },
      resolver: { resolve: () => Promise.reject(new Error("no names here")) },
      trust: {
        credentials: () => credentials,
        verifier: (expected) => acceptOnly((id) => id === expected),
        verifyPeer: acceptOnly((id) => id.startsWith("spiffe://heddle.local/")),
      },
      want: () => {},
    };
    return new Workload(this.#mutation.options?.(name, options) ?? options);
  }

  #callers({ name }: Member): Readonly<Record<"kvs" | "rec" | "cart", Caller>> {
    const { clock } = { clock: this.#clock };
    const context = new Http1Context({ clock, via: null });
    const { transport } = this.#network.process(name);
    const open = (service: string): Caller => {
      const recorder = new EndpointRecorder({
        endpoint: `default/${name}`,
        clock,
        epoch: "1",
        serviceAt: () => ({ name: `default/${service}:80`, contract: null }),
      });
      const address: Address = this.#compiled.listenerOf(name, service);
      return new Caller({ transport, context, recorder, address, authority: service });
    };
    return { kvs: open("kvs"), rec: open("rec"), cart: open("cart") };
  }

  async #run<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
    };
    promise.then(settle, settle);
    for (let idle = 0; idle < 200; idle++) {
      await Promise.resolve();
      if (isSettled) return promise;
      if (this.#clock.step()) idle = 0;
    }
    throw new Error("the simulation came to rest before what was waited for");
  }

  async #pass(ms: number): Promise<void> {
    await Promise.resolve();
    this.#clock.advance(ms);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
}
