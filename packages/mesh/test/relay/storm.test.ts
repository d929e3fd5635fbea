import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type { RetryDoc } from "@heddle/mesh/model/policy.ts";
import type { RequestHandler, ServerStream } from "@heddle/mesh/net/codec.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { Http1Server } from "@heddle/mesh/net/http1/server.ts";
import { PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import { defaultBackendPolicy } from "@heddle/mesh/policy/backend-policy.ts";
import { describe, expect, test } from "vitest";
import { endpointsDoc, proxyDoc, serviceDoc } from "../support/documents.ts";
import { idOf } from "../support/simulated-identity.ts";
import { listener, type SimulatedProxy, startSimulatedProxy, TextClient } from "./simulated-rig.ts";

/** Who asks whom. */
const chain = ["front", "a", "b", "leaf"] as const;
const retry: RetryDoc = {
  retriesMax: 3,
  codes: [500, 502, 503, 504],
  grpcCodes: [],
  connectionErrors: true,
  backoff: { baseMs: 25, maxMs: 250 },
  methods: "safe",
  bodyBytesMax: 65_536,
};
const ports = (index: number): Record<"out" | "inbound" | "app", Address> => ({
  out: tcp("127.0.0.1", 8100 + index),
  inbound: tcp("127.0.0.1", 8200 + index),
  app: tcp("127.0.0.1", 8300 + index),
});

/** front → a → b → leaf, each behind its own proxy, over one simulated network; each edge retries. */
class Chain {
  readonly clock = new VirtualClock();
  readonly rng = new SeededRng(1);
  readonly network = new SimulatedNetwork({ clock: this.clock, rng: this.rng.fork("network") });
  readonly proxies: readonly SimulatedProxy[];
  /** What the leaf answers. */
  leafStatus = 200;
  readonly replies: { readonly askedMs: number; readonly status: number }[] = [];
  readonly #context = new Http1Context({ clock: this.clock });

  constructor() {
    this.proxies = chain.map((name, index) => {
      const proxy = startSimulatedProxy(this, name, idOf(name));
      const callee = chain[index + 1];
      const uid = `${name}-uid`;
      const here = ports(index);
      const policy = { ...defaultBackendPolicy, retry };
      proxy.serve([
        proxyDoc(uid, {
          workload: { uid, name: `${name}-0`, namespace: "default", identity: idOf(name) },
          outbound:
            callee === undefined
              ? []
              : [{ listener: listener("out", here.out), service: `default/${callee}`, port: 80 }],
          inbound:
            index === 0
              ? null
              : {
                  listener: listener("in", here.inbound),
                  ports: [
                    { service: `default/${name}`, port: 80, protocol: "http", target: here.app },
                  ],
                },
        }),
        ...(callee === undefined
          ? []
          : [
              serviceDoc(callee, { policy }),
              endpointsDoc(callee, [], {
                endpoints: [
                  {
                    uid: `${callee}-uid`,
                    workload: `${callee}-0`,
                    address: ports(index + 1).inbound,
                    identity: idOf(callee),
                    state: { phase: "ready" },
                  },
                ],
              }),
            ]),
      ]);
      if (index > 0) this.#startApp(index);
      return proxy;
    });
  }

  /** The client asks once; what it is told is in `replies`. */
  ask(): void {
    const askedMs = this.clock.monotonicMs();
    this.#get("client", 0, (status) => this.replies.push({ askedMs, status }));
  }

  async pass(ms: number): Promise<void> {
    await Promise.resolve();
    this.clock.advance(ms);
    await Promise.resolve();
  }

  #startApp(index: number): void {
    const name = chain[index]!;
    const isLeaf = index === chain.length - 1;
    const answer = (stream: ServerStream, status: number) => {
      stream.sendHead(new PlainReplyHead(status), 0);
      stream.sendEnd(null);
    };
    const handler: RequestHandler = {
      onRequest: (stream) => {
        let isGone = false;
        if (isLeaf) answer(stream, this.leafStatus);
        else this.#get(name, index, (status) => isGone || answer(stream, status));
        return {
          onRequestBody() {},
          onRequestEnd() {},
          onRequestFailed: () => {
            isGone = true;
          },
          onWritable() {},
        };
      },
      onBadRequest() {},
      onConnectionClose() {},
    };
    void this.network
      .process(`${name}-app`)
      .transport.listen(
        { at: ports(index).app, tls: null },
        (connection) => new Http1Server(this.#context, connection, handler),
      );
  }

  /** One request to the next of the chain, through the listener of one's own proxy. */
  #get(process: string, index: number, done: (status: number) => void): void {
    const client = new TextClient();
    const { transport } = this.network.process(`${process}-app`);
    const connection = transport.dial({ address: ports(index).out, tls: null }, client);
    client.connection = connection;
    const onBytes = client.onBytes.bind(client);
    client.onBytes = (bytes, start, end) => {
      onBytes(bytes, start, end);
      done(Number(client.heard.slice(9, 12)));
      connection.end();
    };
    client.say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }
}

/** What one edge was asked and made of it, while `record` passes. */
function edge({ records }: SimulatedProxy, fromMs: number, toMs: number) {
  const within = records.filter(
    ({ direction, startMs }) => direction === "outbound" && startMs >= fromMs && startMs < toMs,
  );
  const attempts = within.reduce((sum, record) => sum + record.attempts, 0);
  return { requests: within.length, attempts };
}

describe("a chain of three calls, each of which retries, whose leaf fails every request", () => {
  test("makes at most 1.2 attempts a request and 10 a second at every level, and is well 2 s after the leaf is", async () => {
    const mesh = new Chain();
    await mesh.pass(100);
    const perSecond = 40;
    const run = async (seconds: number) => {
      for (let count = 0; count < seconds * perSecond; count++) {
        mesh.ask();
        await mesh.pass(1000 / perSecond);
      }
    };
    await run(2);
    expect(mesh.replies.every(({ status }) => status === 200)).toBe(true);

    const failsMs = mesh.clock.monotonicMs();
    mesh.leafStatus = 503;
    const seconds = 20; // budgets are of 10 s each
    await run(seconds);
    const wellMs = mesh.clock.monotonicMs();
    mesh.leafStatus = 200;
    await run(4);
    await mesh.pass(3000);

    // Of what is not asked any more its share is still good for a while: hence from the very beginning.
    const levels = mesh.proxies.slice(0, 3).map((proxy) => edge(proxy, 0, wellMs));
    for (const { requests, attempts } of levels) {
      expect(requests).toBeGreaterThanOrEqual(seconds * perSecond);
      expect(attempts).toBeLessThanOrEqual(1.2 * requests + (10 * wellMs) / 1000);
      expect(attempts).toBeGreaterThan(requests); // it does try
    }
    // Without a budget the leaf would be asked 4 × 4 × 4 times for each.
    const leaf = mesh.proxies[3]!.records.filter(
      ({ startMs }) => startMs >= failsMs && startMs < wellMs,
    );
    expect(leaf.length).toBeLessThan(3 * seconds * perSecond);
    const after = mesh.replies.filter(({ askedMs }) => askedMs >= wellMs + 2000);
    expect(after.length).toBeGreaterThan(perSecond);
    expect(after.every(({ status }) => status === 200)).toBe(true);
  });
});
