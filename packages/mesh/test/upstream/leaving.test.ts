import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import type { EndpointDoc } from "@heddle/mesh/model/document.ts";
import { type PickerName, pickerNames } from "@heddle/mesh/model/policy.ts";
import type { RequestHandler } from "@heddle/mesh/net/codec.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { Http1Server } from "@heddle/mesh/net/http1/server.ts";
import { PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import { defaultBackendPolicy } from "@heddle/mesh/policy/backend-policy.ts";
import { describe, expect, test } from "vitest";
import { listener, startSimulatedProxy, TextClient } from "../relay/simulated-rig.ts";
import { endpointsDoc, proxyDoc, serviceDoc } from "../support/documents.ts";

const out = tcp("127.0.0.1", 8001);
/** How long a process takes to answer. */
const workMs = 30;

/** One caller's proxy in front of processes that come and go, and clients that never stop asking. */
class LeavingRig {
  readonly clock = new VirtualClock();
  readonly rng = new SeededRng(3);
  readonly network = new SimulatedNetwork({ clock: this.clock, rng: this.rng.fork("network") });
  readonly proxy = startSimulatedProxy(this, "caller", null);
  readonly #picker: PickerName;
  readonly #states = new Map<string, EndpointDoc["state"]["phase"]>();
  readonly #clients: TextClient[] = [];
  readonly #waiting = new Set<TextClient>();
  #asked = 0;

  constructor(picker: PickerName) {
    this.#picker = picker;
  }

  async start(uids: readonly string[]): Promise<void> {
    for (const uid of uids) await this.add(uid);
    await Promise.resolve();
    const { transport } = this.network.process("client");
    for (let index = 0; index < 8; index++) {
      const client = new TextClient();
      client.connection = transport.dial({ address: out, tls: null }, client);
      this.#clients.push(client);
    }
    this.clock.advance(10);
  }

  /** A process starts, and callers are told. */
  async add(uid: string): Promise<void> {
    const context = new Http1Context({ clock: this.clock });
    const handler: RequestHandler = {
      onRequest: (stream) => {
        this.clock.after(workMs, () => {
          stream.sendHead(new PlainReplyHead(200), 2);
          stream.sendBody(Buffer.from("ok"), 0, 2);
          stream.sendEnd(null);
        });
        return { onRequestBody() {}, onRequestEnd() {}, onRequestFailed() {}, onWritable() {} };
      },
      onBadRequest() {},
      onConnectionClose() {},
    };
    await this.network
      .process(uid)
      .transport.listen(
        { at: addressOf(uid), tls: null },
        (connection) => new Http1Server(context, connection, handler),
      );
    this.tell(uid, "ready");
  }

  /** Callers are told. */
  tell(uid: string, phase: EndpointDoc["state"]["phase"] | "gone"): void {
    if (phase === "gone") this.#states.delete(uid);
    else this.#states.set(uid, phase);
    const endpoints = [...this.#states].map(([name, state]) => ({
      uid: name,
      workload: name,
      address: addressOf(name),
      identity: null,
      state:
        state === "away"
          ? ({ phase: "away", sinceWallMs: 0, reason: "restarting" } as const)
          : { phase: state },
    }));
    const outbound = [
      { listener: listener("out", out), service: "default/kvs", port: 80 } as const,
    ];
    this.proxy.serve([
      proxyDoc("caller", { outbound }),
      serviceDoc("kvs", {
        policy: {
          ...defaultBackendPolicy,
          picker: this.#picker,
          affinity: { keys: [{ kind: "path-segment", index: 1 }] },
        },
      }),
      endpointsDoc("kvs", [], { endpoints }),
    ]);
  }

  /** Every client asks again as soon as it was answered. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 5) {
      for (const client of this.#clients) {
        if (this.#waiting.has(client) && client.heard === "") continue;
        client.heard = "";
        client.get(`/${this.#asked++ % 50}`);
        this.#waiting.add(client);
      }
      this.clock.advance(5);
    }
  }

  /** Nobody asks any more, and all are answered. */
  settle(): void {
    this.clock.advance(5000);
  }

  get records() {
    return this.proxy.records;
  }
}

const addressOf = (uid: string) => tcp("127.0.0.1", 9000 + Number(uid.slice(1)));
const lost = (rig: LeavingRig) => rig.records.filter(({ status }) => status !== 200);

describe.each(pickerNames)("endpoints of %s", (picker) => {
  test("drain, end and come back under load: nothing is lost, nothing is tried twice", async () => {
    const rig = new LeavingRig(picker);
    await rig.start(["e1", "e2", "e3"]);
    rig.pass(300);
    for (const uid of ["e1", "e2", "e3"]) {
      const next = `e${Number(uid.slice(1)) + 3}`;
      await rig.add(next);
      rig.pass(100);
      rig.tell(uid, "draining");
      rig.pass(workMs + 20);
      rig.network.kill(uid);
      rig.pass(50);
      rig.tell(uid, "gone");
      rig.pass(100);
    }
    rig.settle();
    expect(rig.records.length).toBeGreaterThan(100);
    expect(lost(rig)).toEqual([]);
    expect(rig.records.filter(({ attempts }) => attempts !== 1)).toEqual([]);
    const [last] = rig.records.slice(-1);
    expect(["e4", "e5", "e6"]).toContain(last!.endpointUid);
  });

  test("one that dies unannounced costs retries, and no request of GET", async () => {
    const rig = new LeavingRig(picker);
    await rig.start(["e1", "e2", "e3"]);
    rig.pass(300);
    rig.network.kill("e2");
    rig.pass(300);
    rig.tell("e2", "away");
    rig.pass(100);
    rig.settle();
    expect(lost(rig)).toEqual([]);
    expect(rig.records.some(({ attempts }) => attempts > 1)).toBe(true);
    const later = rig.records.slice(-10);
    expect(later.every(({ attempts }) => attempts === 1)).toBe(true);
  });
});
