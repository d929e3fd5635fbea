import { checkAddressing } from "@heddle/mesh/history/addressing.ts";
import { conversationsOf } from "@heddle/mesh/history/conversations.ts";
import { layoutDiagram } from "@heddle/mesh/history/diagram.ts";
import { drawText } from "@heddle/mesh/history/diagram-text.ts";
import { localView } from "@heddle/mesh/history/histories.ts";
import { globalView } from "@heddle/mesh/history/merge.ts";
import { formatEvents, formatGrowing } from "@heddle/mesh/history/notation.ts";
import { servicesSeen, structureOf } from "@heddle/mesh/history/views.ts";
import { describe, expect, test } from "vitest";
import { contracts, HistoryMesh } from "./history-mesh.ts";

/** e → e's proxy → kvs-1's proxy → kvs-1, and what the proxies recorded. */
async function meshWithE(hasTls: boolean) {
  const mesh = new HistoryMesh({ hasTls });
  const kvs = await mesh.serve("kvs-1", "kvs", 8201);
  const { caller, recorder } = await mesh.call("e", [kvs.endpoint]);
  return { mesh, kvs, caller, recorder };
}

describe.each([
  ["mutual TLS", true],
  ["plain connections", false],
])("over %s", (_, hasTls) => {
  test("one request and its reply are the slides' four lists, step by step", async () => {
    const { mesh, caller } = await meshWithE(hasTls);
    await mesh.run(caller.call("GET", "/1"));
    const short = { detail: "short" } as const;
    const recorded = mesh.histories();
    expect(formatGrowing(localView(recorded, "default/e"), short)).toEqual([
      "[]",
      "[Send•Req]",
      "[Send•Req, Recv•Res]",
    ]);
    expect(formatGrowing(localView(recorded, "default/kvs-1"), short)).toEqual([
      "[]",
      "[Recv•Req]",
      "[Recv•Req, Send•Res]",
    ]);
  });

  test("a put and a get are the contract's list", async () => {
    const { mesh, caller } = await meshWithE(hasTls);
    await mesh.run(caller.call("PUT", "/1", "a"));
    await mesh.run(caller.call("GET", "/1"));
    const { events, isWhole } = localView(mesh.histories(), "default/e");
    expect(formatEvents(events)).toBe(
      '[Send•Req=(kvs, Put(1,"a")), Recv•Res=ok, Send•Req=(kvs, Get(1)), Recv•Res="a"]',
    );
    expect(isWhole).toBe(true);
  });

  test("what the proxy infers of its process is what the process recorded itself", async () => {
    const { mesh, caller, recorder } = await meshWithE(hasTls);
    for (const key of [1, 2, 3]) {
      await mesh.run(caller.call("PUT", `/${key}`, "v"));
      await mesh.run(caller.call("GET", `/${key}`));
    }
    const inferred = mesh.histories();
    const observed = mesh.histories({ observed: recorder.history.events });
    const idsOf = ({ histories }: typeof inferred) =>
      histories.get("default/e")!.events.map(({ kind, message }) => `${kind} ${message.id}`);
    expect(idsOf(observed)).toEqual(idsOf(inferred));
    const own = observed.histories.get("default/e")!.events;
    expect(own.map(({ isInferred }) => isInferred)).toEqual(own.map(() => false));
    expect(formatEvents(own)).toBe(formatEvents(inferred.histories.get("default/e")!.events));
    expect(checkAddressing(observed)).toMatchObject({ verdict: "holds", violations: [] });
  });

  test("the last exchange is the diagram of four lanes and six messages", async () => {
    const { mesh, caller } = await meshWithE(hasTls);
    await mesh.run(caller.call("PUT", "/1", "a"));
    await mesh.run(caller.call("GET", "/1"));
    const view = globalView(mesh.histories());
    expect(view.problems).toEqual([]);
    const last = conversationsOf(view).at(-1)!;
    expect(drawText(layoutDiagram({ ...view, events: last.events }))).toBe(diagram);
  });

  test("the addressing rule holds on every hop, and every message is delivered", async () => {
    const { mesh, caller } = await meshWithE(hasTls);
    for (let key = 0; key < 50; key++) await mesh.run(caller.call("PUT", `/${key}`, "v"));
    const backing = (service: string, workload: string) =>
      service === "default/kvs:80" && workload === "default/kvs-1";
    const report = checkAddressing(mesh.histories(), { backing });
    expect(report).toMatchObject({
      verdict: "holds",
      delivered: 300,
      observed: 100, // from proxy to proxy
      inferred: 200,
      judgedByService: 100,
      unjudgedByService: 0,
      violations: [],
      lost: [],
      inFlight: [],
      unknown: [],
      unexplained: [],
    });
  });

  test("both structures are views of one run, and the second maps onto the first", async () => {
    const { mesh, caller } = await meshWithE(hasTls);
    for (let key = 0; key < 5; key++) await mesh.run(caller.call("GET", `/${key}`));
    const recorded = mesh.histories();
    const { service, process } = structureOf(globalView(recorded), servicesSeen(recorded));
    expect(service).toEqual([{ from: "e", to: "kvs", requests: 5, attempts: 5 }]);
    expect(process).toEqual([
      { from: "default/e", to: "default/e/proxy", requests: 5, replies: 5, of: ["e → kvs"] },
      {
        from: "default/e/proxy",
        to: "default/kvs-1/proxy",
        requests: 5,
        replies: 5,
        of: ["e → kvs"],
      },
      {
        from: "default/kvs-1/proxy",
        to: "default/kvs-1",
        requests: 5,
        replies: 5,
        of: ["e → kvs"],
      },
    ]);
  });
});

const diagram = `\
e            ──●M1────────────────────────────────────────○M6──▶
e/proxy      ─────○M1──●M2────────────────────────○M5──●M6─────▶        ● Send   ○ Recv
kvs-1/proxy  ─────────────○M2──●M3────────○M4──●M5─────────────▶        M1 M2 M3 Get(1)   M4 M5 M6 "a"
kvs-1        ─────────────────────○M3──●M4─────────────────────▶
`;

describe("a plain endpoint whose address another process has taken", () => {
  /** kvs-0 dies, other-0 listens at its address; the caller's documents still say kvs-0. */
  async function stale(hasTls: boolean) {
    const mesh = new HistoryMesh({ hasTls });
    const kvs = await mesh.serve("kvs-0", "kvs", 8201);
    const { caller } = await mesh.call("e", [kvs.endpoint]);
    await mesh.run(caller.call("PUT", "/1", "a"));
    mesh.kill("kvs-0");
    await mesh.pass(10);
    await mesh.serve("other-0", "other", 8201);
    const reply = await mesh.run(caller.call("GET", "/1"));
    return { mesh, reply };
  }

  test("gets its messages, and the rule says who got what was meant for whom", async () => {
    const { mesh, reply } = await stale(false);
    expect(reply).toMatchObject({ status: 200, body: "" }); // delivered, to the wrong process
    const backing = (service: string, workload: string) =>
      service === "default/kvs:80" ? workload === "default/kvs-0" : workload === "default/other-0";
    const { verdict, violations } = checkAddressing(mesh.histories(), { backing });
    expect(verdict).toBe("violated");
    const named = {
      sender: "default/e/proxy",
      receiver: "default/other-0/proxy",
      meant: "default/kvs-0/proxy",
      targetAddress: "127.0.0.1:8201",
      address: "127.0.0.1:8201",
      service: "default/kvs:80",
      type: "request",
    };
    expect(violations).toEqual([
      expect.objectContaining({ ...named, rule: "endpoint" }),
      expect.objectContaining({ ...named, rule: "service" }),
    ]);
    expect(violations[0]!.message).toMatch(/^127\.0\.0\.1:\d+>127\.0\.0\.1:8201\.1\.q$/);
  });

  test("gets nothing where its name has to be proved", async () => {
    const { mesh, reply } = await stale(true);
    expect(reply.status).toBeGreaterThanOrEqual(502);
    expect(checkAddressing(mesh.histories())).toMatchObject({ verdict: "holds", violations: [] });
  });
});

test("without a Contract a history says what HTTP says", async () => {
  const { mesh, caller } = await meshWithE(true);
  await mesh.run(caller.call("DELETE", "/1"));
  const { events } = localView(mesh.histories({ contracts }), "default/e");
  expect(formatEvents(events)).toBe("[Send•Req=(kvs, DELETE /1), Recv•Res=200]");
});

describe.each([
  ["mutual TLS", true],
  ["plain connections", false],
])("however links break, over %s", (_, hasTls) => {
  test("nothing comes where it was not meant to, and what is lost is told apart", async () => {
    let lost = 0;
    let delivered = 0;
    for (let seed = 1; seed <= 15; seed++) {
      const mesh = new HistoryMesh({ hasTls, seed });
      const kvs = [await mesh.serve("kvs-0", "kvs", 8201), await mesh.serve("kvs-1", "kvs", 8202)];
      const endpoints = kvs.map(({ endpoint }) => endpoint);
      const { caller, recorder } = await mesh.call("e", endpoints);
      mesh.network.setFaults({ reset: 0.02, split: 0.3, queue: 0.2, refuse: 0.1 });
      for (let key = 0; key < 40; key++) await mesh.run(caller.call("PUT", `/${key}`, "v"));
      mesh.network.setFaults({ reset: 0, refuse: 0 });
      await mesh.pass(30_000);
      await mesh.run(caller.call("GET", "/0")); // somebody is heard of later
      await mesh.run(caller.call("GET", "/1"));
      const recorded = mesh.histories({ observed: recorder.history.events });
      const view = globalView(recorded);
      expect(view.problems.filter(({ kind }) => kind === "cycle")).toEqual([]);
      const report = checkAddressing(recorded, { nowWallMs: mesh.clock.wallMs() });
      expect(report.violations).toEqual([]);
      expect(report.unexplained).toEqual([]);
      expect(report.verdict).toBe("holds");
      lost += report.lost.length;
      delivered += report.delivered;
    }
    expect(delivered).toBeGreaterThan(2000);
    expect(lost).toBeGreaterThan(5); // it is worth nothing if nothing went wrong
  });
});
