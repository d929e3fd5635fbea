import { isCopy } from "@heddle/mesh/history/exchange.ts";
import type { MirrorDoc } from "@heddle/mesh/model/document.ts";
import { defaultBackendPolicy } from "@heddle/mesh/policy/backend-policy.ts";
import { ShareTurn } from "@heddle/mesh/policy/share-turn.ts";
import { MirrorSender } from "@heddle/mesh/relay/mirror-sender.ts";
import { compileRoutes } from "@heddle/mesh/route/compile.ts";
import { describe, expect, test } from "vitest";
import { type FakeServer, Rig, sendBody } from "./harness.ts";

const mirror = (numerator = 1, denominator = 1): MirrorDoc => ({
  type: "mirror",
  backend: { service: "default/copy", port: 80 },
  share: { numerator, denominator },
});

/** Requests to kvs, by a rule that has copies sent to another service of two endpoints. */
function rigWith(mirrors: readonly MirrorDoc[]): { rig: Rig; copies: () => readonly FakeServer[] } {
  const rig = new Rig();
  const { upstream, backend, context } = rig;
  const other = upstream.backend("default/copy", 80);
  const members = [0, 1].map((index) => ({
    target: upstream
      .endpoint({
        uid: `copy${index}`,
        workload: `copy${index}`,
        address: { kind: "tcp", host: "127.0.0.1", port: 9100 + index },
        identity: null,
        isOwn: false,
      })
      .target("default/copy", 80),
    phase: "ready" as const,
  }));
  const policy = defaultBackendPolicy;
  other.apply({ policy, placement: null, slots: null, contract: null, fault: null, members });
  const routes = compileRoutes(
    {
      matches: [
        {
          rule: 0,
          hostnames: [],
          path: { type: "prefix", value: "/" },
          method: null,
          headers: [],
          query: [],
        },
      ],
      rules: [
        {
          route: "HTTPRoute/default/kvs",
          name: "0",
          filters: mirrors,
          backends: [{ backend: { service: "default/kvs", port: 80 }, weight: 1, filters: [] }],
          requestTimeoutMs: null,
          fails: null,
        },
      ],
    },
    null,
  );
  const backendOf = (service: string) => (service === "default/copy" ? other : backend);
  Object.assign(rig.frontend, { routes, backendOf });
  context.mirrors = new MirrorSender(context);
  const isCopied = ({ address }: FakeServer) => address.kind === "tcp" && address.port >= 9100;
  return { rig, copies: () => rig.servers.filter(isCopied) };
}
const main = (rig: Rig) =>
  rig.servers.find(({ address, phase }) => {
    const isMain = address.kind === "tcp" && address.port < 9100;
    return isMain && phase !== "closed";
  })!;

describe("a mirror", () => {
  test("gets a copy of the request with its body, at one endpoint, and its reply goes nowhere", () => {
    const { rig, copies } = rigWith([mirror()]);
    const { client, exchange } = rig.ask({ method: "PUT", length: 6, fields: [["a", "b"]] });
    main(rig).open();
    sendBody(exchange, "abc");
    sendBody(exchange, "def");
    expect(copies()).toHaveLength(0);
    exchange.onRequestEnd(null);
    main(rig).reply(200, "ok");
    expect(copies()).toHaveLength(1);
    const [copy] = copies();
    copy!.open();
    const { method, path, authority } = copy!.head!;
    expect([method, path, authority, copy!.head!.get("a")]).toEqual(["PUT", "/7", "kvs", "b"]);
    expect([copy!.body, copy!.hasEnded]).toEqual(["abcdef", true]);
    copy!.reply(500, "nobody reads this");
    expect([client.head?.status, client.body]).toEqual([200, "ok"]);
    const [record, copied] = rig.records;
    expect(record).toMatchObject({ backend: "default/kvs", receivedSeq: expect.any(Number) });
    expect(copied).toMatchObject({ service: "default/copy", backend: "default/copy", status: 500 });
    expect(copied).toMatchObject({ receivedSeq: 0, answeredSeq: 0, frontOrdinal: 0, attempts: 1 });
    const front = { ordinal: copied!.frontOrdinal } as never;
    expect(isCopy({ direction: copied!.direction, front })).toBe(true);
    expect(rig.context.inFlight).toBe(0);
  });

  test("that fails, or is slow, is no matter to the request", () => {
    const { rig, copies } = rigWith([mirror()]);
    const { client } = rig.ask();
    copies()[0]!.lose({ kind: "refused", detail: "refused" });
    main(rig).open();
    main(rig).reply(200);
    expect(client.head?.status).toBe(200);
    rig.clock.advance(60_000);
    expect(rig.records).toHaveLength(2);
    expect(rig.context.inFlight).toBe(0);
  });

  test("gets exactly its share; several get theirs", () => {
    const { rig, copies } = rigWith([mirror(20, 100), mirror(1, 2)]);
    const server = () => main(rig);
    for (let count = 0; count < 100; count++) {
      rig.ask();
      if (server().phase === "dialling") server().open();
      server().reply(200);
      for (const copy of copies()) {
        if (copy.phase === "dialling") copy.open();
        if (copy.phase === "busy") copy.reply(200);
      }
    }
    expect(rig.records.filter(({ service }) => service === "default/copy")).toHaveLength(70);
  });

  test("gets nothing of a request whose body is too long, or that is not whole", () => {
    const { rig, copies } = rigWith([mirror()]);
    const limits: string[] = [];
    rig.context.onLimit = (name) => limits.push(name);
    const long = rig.ask({ method: "PUT", length: 70_000 });
    main(rig).open();
    sendBody(long.exchange, "x".repeat(70_000));
    long.exchange.onRequestEnd(null);
    main(rig).reply(200);
    const cut = rig.ask({ method: "PUT", length: 10 });
    sendBody(cut.exchange, "x");
    cut.exchange.onRequestFailed("client-gone", "gone");
    expect(copies()).toHaveLength(0);
    expect(limits).toEqual(["mirror"]);
  });

  test("has so many copies under way and no more", () => {
    const { rig, copies } = rigWith([mirror()]);
    for (let count = 0; count < 300; count++) {
      const { exchange } = rig.ask();
      exchange.onRequestFailed("client-gone", "gone");
    }
    const sender = rig.context.mirrors as MirrorSender;
    expect(sender.inFlight).toBe(256);
    expect(copies().length).toBeGreaterThan(0);
  });
});

test.each([
  [20, 100],
  [1, 3],
  [35, 100],
  [0, 5],
  [7, 7],
])("a share of %i in %i is exact in every round", (numerator, denominator) => {
  const turn = new ShareTurn({ numerator, denominator });
  for (let round = 0; round < 5; round++) {
    let count = 0;
    for (let request = 0; request < denominator; request++) if (turn.next()) count++;
    expect(count).toBe(numerator);
  }
});
