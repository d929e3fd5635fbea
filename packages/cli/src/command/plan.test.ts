import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { base, placement, recordOf } from "@heddle/mesh/check/evidence.fixture.ts";
import type { RecordedLine } from "@heddle/mesh/history/batch.ts";
import { type KnownResource, kinds } from "@heddle/mesh/resource/index.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runOn } from "./run-on.fixture.ts";

const split = (rules: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: split }
spec:
  parentRefs: [{ group: "", kind: Service, name: kvs }]
  rules:
${rules}`;
const mesh = `
apiVersion: heddle.dev/v1alpha1
kind: Process
metadata: { name: kvs, labels: { app: kvs } }
spec: { replicas: 2, command: [node, kvs.ts], ports: [{ name: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: kvs }
spec: { selector: { app: kvs }, ports: [{ name: http, port: 80, targetPort: http }] }
---
apiVersion: heddle.dev/v1alpha1
kind: Placement
metadata: { name: by-key }
spec: { targetRefs: [{ group: "", kind: Service, name: kvs }], key: { pathSegment: 1, type: integer } }
`;
const toKeys = `
    - matches: [{ path: { type: PathPrefix, value: /keys } }]
      filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: / } } }]
      timeouts: { request: 2s }
      backendRefs: [{ name: kvs, port: 80 }]
    - matches: [{ path: { type: PathPrefix, value: /keys }, headers: [{ name: x-user, value: dana }] }]
      backendRefs: [{ name: gone, port: 80 }]`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-plan-"));
  writeFileSync(join(folder, "mesh.yaml"), mesh);
  writeFileSync(join(folder, "split.yaml"), split(toKeys));
  writeFileSync(join(folder, "bad.yaml"), split("    - backendRefs: [{ name: kvs, prot: 80 }]"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("of files", () => {
  test("what a file adds, and exit code 2; nothing, and 0", async () => {
    const { code, out } = await runOn(folder, ["plan", "-f", "split.yaml", "--base", "mesh.yaml"]);
    expect(out).toBe(`\
+ HTTPRoute split
  - route   kvs:80 everything no longer → kvs:80   (the service itself)
  + route   kvs:80 /keys/* → kvs:80   (HTTPRoute/split#0)
  + route   kvs:80 /keys/* x-user=dana → nobody (500)   (HTTPRoute/split#1)
Nothing was applied.
`);
    expect(code).toBe(2);
    const same = await runOn(folder, ["plan", "-f", "mesh.yaml", "--base", "mesh.yaml"]);
    expect(same).toMatchObject({ code: 0, out: "Nothing would change.\n" });
  });

  test("as data", async () => {
    const args = ["plan", "-f", "split.yaml", "--base", "mesh.yaml", "-o", "json"];
    const { changes, resources, effects, replay } = JSON.parse((await runOn(folder, args)).out);
    expect([changes, replay]).toEqual([true, null]);
    expect(resources).toMatchObject([{ change: "+", kind: "HTTPRoute", name: "split" }]);
    expect(effects.map(({ kind }: { kind: string }) => kind)).toEqual(["route", "route", "route"]);
  });

  test("what would go", async () => {
    const args = ["plan", "--delete", "placement/by-key", "--base", "mesh.yaml"];
    const { code, out } = await runOn(folder, args);
    expect(out).toContain("- Placement by-key\n");
    expect(out).toContain("~ policy   kvs placement: ");
    expect(code).toBe(2);
  });

  test("the errors of apply, and 65", async () => {
    const { code, err } = await runOn(folder, ["plan", "-f", "bad.yaml", "--base", "mesh.yaml"]);
    expect(err).toMatch(/^bad\.yaml:8 +HTTPRoute\/split +.*prot: unknown field/);
    expect(code).toBe(65);
  });

  test.each([[["plan"]], [["plan", "-f", "split.yaml", "--base", "mesh.yaml", "--since", "x"]]])(
    "wrong use: %j",
    async (args) => {
      expect((await runOn(folder, args)).code).toBe(64);
    },
  );
});

describe("heddle route, of files", () => {
  const route = (...args: readonly string[]) =>
    runOn(folder, ["route", ...args, "-f", "mesh.yaml", "split.yaml"]);

  test("the rule, what becomes of the path, the process that keeps the key, and who limits it", async () => {
    const { code, out } = await route("GET", "http://kvs/keys//007", "--from", "kvs");
    expect(out).toMatch(/^GET http:\/\/kvs\/keys\/\/007 from kvs-0\n {2}asked of {3}kvs:80\n/);
    expect(out).toMatch(/route +HTTPRoute\/split#0 +\/keys\/\*\n/);
    expect(out).toMatch(/not +HTTPRoute\/split#1 +header x-user is not there, not dana\n/);
    expect(out).toMatch(/to +kvs:80\n +as path \/007\n +kvs-\d +by-key: key 7, slot \d+\n/);
    expect(out).toMatch(/requestTimeoutMs 2000 +HTTPRoute\/split#0\n/);
    expect(code).toBe(0);
  });

  test.each(["http://kvs/a b", "http://kvs/ü"])(
    "what no proxy would read is no URL: %s",
    async (url) => {
      expect((await route("GET", url)).err).toContain("expected a URL");
    },
  );

  test("a field that decides, and an answer that nobody wants: exit 1", async () => {
    const { code, out } = await route("GET", "http://kvs.default/keys/7", "-H", "X-User: dana");
    expect(out).toMatch(/to +nobody \(500\) +500 invalid-backend/);
    expect(code).toBe(1);
  });

  test("no rule at all, and what is nearest to it", async () => {
    const { code, out } = await route("PUT", "kvs/other?x=1");
    expect(out).toMatch(/not +HTTPRoute\/split#0 +path is not \/keys\/\*\n/);
    expect(out).toMatch(/answer +404 no-route/);
    expect(code).toBe(1);
  });

  test("as data", async () => {
    const { out } = await route("GET", "http://kvs/keys/7", "-o", "json");
    expect(JSON.parse(out)).toMatchObject({
      frontend: "default/kvs:80",
      match: "/keys/*",
      answer: null,
      destinations: [{ to: "default/kvs:80", share: 1, path: "/7", placed: { key: "7" } }],
    });
  });

  test.each([
    [1, ["GET", "http://nobody/"]],
    [1, ["GET", "http://kvs:81/"]],
    [1, ["GET", "http://kvs/", "--from", "stranger"]],
    [64, ["GET", "kvs:x/7"]],
    [64, ["GET", "http://kvs/", "-H", "x"]],
  ])("exit %i for %j", async (code, args) => {
    expect((await route(...args)).code).toBe(code);
  });
});

describe("of a mesh that runs", () => {
  let server: Server;
  let recorded: RecordedLine[];
  let asked: string[];

  beforeEach(async () => {
    asked = [];
    recorded = recordOf([
      ...Array.from({ length: 18 }, () => ({ to: "kvs-0", path: "/keys/7" })),
      ...Array.from({ length: 2 }, () => ({ to: "kvs-0", path: "/other", method: "PUT" })),
    ]).map((batch) => ({ batch }));
    const resources: readonly KnownResource[] = [...base, placement()];
    server = createServer((request, reply) => {
      const [path = ""] = request.url!.split("?");
      asked.push(`${request.method} ${path}`);
      const json = (value: unknown) => reply.end(JSON.stringify(value));
      if (path.endsWith("/info")) json({ revision: 7 });
      else if (path.endsWith("/world")) json({ workloads: [], slots: {} });
      else if (path.endsWith("/apply"))
        json({ revision: 7, changes: [], warnings: ["of the API"] });
      else if (path.endsWith("/recorded")) {
        reply.end(recorded.map((line) => `${JSON.stringify(line)}\n`).join(""));
      } else {
        const plural = path.slice(path.lastIndexOf("/") + 1);
        const kind = kinds.find((one) => one.plural === plural)?.kind;
        json({ items: resources.filter((one) => one.kind === kind) });
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const tokenFile = join(folder, "api.token");
    writeFileSync(tokenFile, "secret\n");
    const file = { address: { host: "127.0.0.1", port }, tokenFile, pid: 1 };
    writeFileSync(join(folder, "api.json"), JSON.stringify(file));
  });
  afterEach(() => void server.close());

  test("recorded requests are decided again; nothing is applied", async () => {
    const rule =
      "    - matches: [{ path: { type: PathPrefix, value: /keys } }]\n      backendRefs: [{ name: kvs, port: 80 }]";
    writeFileSync(join(folder, "split.yaml"), split(rule));
    const { code, out, err } = await runOn(folder, ["plan", "-f", "split.yaml"]);
    expect(err).toBe("warning: of the API\n");
    expect(out).toMatch(
      /\nNothing was applied\. Of 20 requests recorded since \d\d:\d\d:\d\d, 2 would now get 404:\n {2}2 {3}visitor-0 → kvs:80 {2}PUT \/other {3}no rule matches the request {3}first \d\d:\d\d:\d\d, for example c18\.1\.q\n$/,
    );
    expect(code).toBe(2);
    expect(asked.filter((one) => one.startsWith("POST"))).toEqual(["POST /heddle/v1/apply"]);
  });

  test("without a change nothing is asked of the record", async () => {
    writeFileSync(join(folder, "none.yaml"), JSON.stringify(base[0]));
    expect(await runOn(folder, ["plan", "-f", "none.yaml"])).toMatchObject({ code: 0 });
    expect(asked.some((one) => one.endsWith("/recorded"))).toBe(false);
  });
});
