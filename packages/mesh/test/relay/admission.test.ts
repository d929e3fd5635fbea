import type { RoutesDoc } from "@heddle/mesh/model/document.ts";
import type { AdmissionDoc, ConcurrencyDoc, RateLimitDoc } from "@heddle/mesh/model/policy.ts";
import type { HttpProtocol } from "@heddle/mesh/model/protocol.ts";
import { PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import { describe, expect, test } from "vitest";
import { routesTo } from "../support/documents.ts";
import { type CodecClient, CodecMesh } from "./codec-mesh.ts";

const rate = (said: Partial<RateLimitDoc> = {}): RateLimitDoc => ({
  name: "RateLimit/default/kvs[0]",
  route: null,
  by: { kind: "all" },
  identities: null,
  requests: 2,
  perMs: 1000,
  burst: 2,
  scope: "service",
  ...said,
});
const concurrency: ConcurrencyDoc = {
  min: 2,
  initial: 2,
  max: 2,
  tolerance: 1.5,
  priority: 5,
  priorityHeader: null,
  priorities: [],
};
const limited = (...rates: readonly RateLimitDoc[]): AdmissionDoc => ({ rates, concurrency: null });

/** One route to kvs whose only rule is told, or not. */
function toldRoutes(isTold: boolean): RoutesDoc {
  const { matches, rules } = routesTo("kvs");
  return { matches, rules: rules.map((rule) => ({ ...rule, ...(isTold && { isTold }) })) };
}

async function meshWith(
  admission: AdmissionDoc,
  more: {
    readonly speaks?: HttpProtocol;
    readonly routes?: RoutesDoc;
    readonly hasTls?: boolean;
  } = {},
) {
  const mesh = new CodecMesh({ speaks: "http/1.1", admission, ...more });
  await mesh.pass();
  const client = mesh.dial(more.speaks ?? "http/1.1");
  await mesh.pass();
  mesh.onServed = answer;
  return { mesh, client };
}

const statusOf = async (mesh: CodecMesh, client: CodecClient, ...fields: [string, string][]) => {
  const asking = client.ask({ fields });
  await mesh.pass();
  return asking.head?.status ?? null;
};

describe.each(["http/1.1", "h2"] as const)("a caller of %s", (speaks) => {
  test("is told that its rate is used up, and when to come again; the process is not asked", async () => {
    const { mesh, client } = await meshWith(limited(rate()), { speaks });
    expect(await statusOf(mesh, client)).toBe(200);
    expect(await statusOf(mesh, client)).toBe(200);
    const refused = client.ask({});
    await mesh.pass();
    expect(refused.head!.status).toBe(429);
    expect(refused.head!.get("retry-after")).toBe("1");
    expect(refused.head!.get("ratelimit")).toBe('"kvs[0]";r=0;t=1');
    expect(refused.head!.get("ratelimit-policy")).toBe('"kvs[0]";q=2;w=1');
    expect(refused.body).toBe("rate-limited: RateLimit/default/kvs[0] lets in 2 per 1 s\n");
    expect(mesh.served).toHaveLength(2);
    expect(mesh.kvs.records.at(-1)).toMatchObject({
      reason: "rate-limited",
      origin: "proxy",
      status: 429,
    });
    await mesh.pass(1000);
    expect(await statusOf(mesh, client)).toBe(200);
  });
});

test("a call of gRPC is told in its own words", async () => {
  const { mesh, client } = await meshWith(limited(rate({ burst: 1 })), { speaks: "h2" });
  const call = () => client.ask({ method: "POST", fields: [["content-type", "application/grpc"]] });
  call();
  await mesh.pass();
  const refused = call();
  await mesh.pass();
  expect(refused.head!.status).toBe(200);
  expect(refused.head!.get("grpc-status")).toBe("8");
  expect(Number(refused.head!.get("grpc-retry-pushback-ms"))).toBeGreaterThan(300);
});

describe("a limit of a route", () => {
  const route = "HTTPRoute/default/kvs";

  test("holds for requests that came by it, and the process is not told of it", async () => {
    const { mesh, client } = await meshWith(limited(rate({ route })), { routes: toldRoutes(true) });
    for (const status of [200, 200, 429]) expect(await statusOf(mesh, client)).toBe(status);
    expect(mesh.served[0]!.head.get("x-heddle-route")).toBeNull();
  });

  test("an application's own word for it is never believed", async () => {
    const { mesh, client } = await meshWith(limited(rate({ route, burst: 1 })));
    const claim: [string, string] = ["x-heddle-route", `${route}#0`];
    for (let count = 0; count < 4; count++) expect(await statusOf(mesh, client, claim)).toBe(200);
    expect(mesh.served[0]!.head.get("x-heddle-route")).toBeNull();
  });

  test("a process is not told of a rule that nobody limits", async () => {
    const mesh = new CodecMesh({ speaks: "http/1.1", routes: toldRoutes(true) });
    mesh.onServed = answer;
    await mesh.pass();
    const client = mesh.dial("http/1.1");
    await mesh.pass();
    expect(await statusOf(mesh, client)).toBe(200);
    expect(mesh.served[0]!.head.get("x-heddle-route")).toBeNull();
  });
});

describe("a limit of concurrency", () => {
  test("refuses what is beyond it as not processed, and takes in again what the process has answered", async () => {
    const { mesh, client } = await meshWith({ rates: [], concurrency }, { speaks: "h2" });
    mesh.onServed = () => {};
    const [first] = [client.ask({}), client.ask({})];
    await mesh.pass();
    expect(mesh.served).toHaveLength(2);
    const shed = client.ask({});
    await mesh.pass(1000);
    expect(shed.head!.status).toBe(503);
    expect(shed.head!.get("x-heddle-reason")).toBe("shed");
    answer(mesh.served[0]!);
    await mesh.pass();
    expect(first!.head!.status).toBe(200);
    client.ask({});
    await mesh.pass(1000);
    expect(mesh.served).toHaveLength(3);
  });

  test("counts no request that has gone: neither one whose caller left, nor one that the process broke off", async () => {
    const { mesh, client } = await meshWith({ rates: [], concurrency }, { speaks: "h2" });
    mesh.onServed = () => {};
    for (let round = 0; round < 5; round++) {
      const one = client.ask({});
      await mesh.pass();
      one.stream!.abort();
      await mesh.pass();
      client.ask({ method: "POST" });
      await mesh.pass();
      mesh.served.at(-1)!.stream.abort();
      await mesh.pass();
    }
    expect(mesh.served).toHaveLength(10);
    expect([...mesh.kvs.workload.admissions.standing()]).toEqual([
      { service: "default/kvs", limit: 2, inFlight: 0 },
    ]);
  });
});

function answer({ stream }: CodecMesh["served"][number]): void {
  stream.sendHead(new PlainReplyHead(200, []), 0);
  stream.sendEnd(null);
}
