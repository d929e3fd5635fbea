import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createNetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findKindByWord } from "@heddle/mesh/resource/index.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exits, type Fault } from "../render/fault.ts";
import { ApiClient, readApiPid } from "./client.ts";

let folder: string;
let server: Server;
let serve: RequestListener;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-api-"));
  server = createServer((request, reply) => serve(request, reply));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  publish("secret");
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function publish(token: string): void {
  const { port } = server.address() as { port: number };
  const tokenFile = join(folder, "api.token");
  writeFileSync(tokenFile, `${token}\n`);
  const file = { address: { host: "127.0.0.1", port }, tokenFile, pid: 1 };
  writeFileSync(join(folder, "api.json"), JSON.stringify(file));
}

test("asks where the state folder says, with its token", async () => {
  serve = (request, reply) =>
    reply.end(JSON.stringify([request.url, request.headers.authorization]));
  const answer = await ApiClient.open(folder).verb("stat", {
    query: { by: "services", x: undefined },
  });
  expect(answer).toEqual(["/heddle/v1/stat?by=services", "Bearer secret"]);
});

test("finds resources as Kubernetes lays them out, and says of each what it is", async () => {
  serve = (request, reply) =>
    reply.end(JSON.stringify({ items: [{ metadata: { name: request.url } }] }));
  const client = ApiClient.open(folder);
  const paths = async (word: string, namespace: string | null) =>
    (await client.list(findKindByWord(word)!, namespace)).map((each) => [
      each.kind,
      each.metadata.name,
    ]);
  expect(await paths("svc", "shop")).toEqual([["Service", "/api/v1/namespaces/shop/services"]]);
  expect(await paths("process", null)).toEqual([
    ["Process", "/apis/heddle.dev/v1alpha1/processes"],
  ]);
});

test("a control plane that has restarted has another token, which is read again", async () => {
  serve = (request, reply) => {
    const isKnown = request.headers.authorization === "Bearer fresh";
    if (!isKnown) publish("fresh");
    reply.writeHead(isKnown ? 200 : 401).end('"welcome"');
  };
  expect(await ApiClient.open(folder).verb("info")).toBe("welcome");
});

test("a refusal carries what the server said", async () => {
  const status = { code: 422, message: "2 errors", details: { causes: [{ message: "a" }] } };
  serve = (_, reply) => reply.writeHead(422).end(JSON.stringify(status));
  await expect(
    ApiClient.open(folder).verb("apply", { method: "POST", body: {} }),
  ).rejects.toMatchObject({
    name: "StatusError",
    status,
  });
});

test("lines come as they are written, until there are no more", async () => {
  serve = (_, reply) => {
    reply.write('{"a":1}\n{"a"');
    reply.end(":2}\n");
  };
  const lines: unknown[] = [];
  for await (const line of ApiClient.open(folder).lines("tap")) lines.push(line);
  expect(lines).toEqual([{ a: 1 }, { a: 2 }]);
});

test("where nothing answers, that is said, with what to do", async () => {
  const client = ApiClient.open(folder);
  await new Promise((resolve) => server.close(resolve));
  await expect(client.verb("info")).rejects.toMatchObject({
    exitCode: 69,
    message: expect.stringContaining("connection refused"),
    hints: ["heddle up <mesh.yaml>", "heddle check"],
  });
});

test("who deletes is said, for the revision", async () => {
  let asked = "";
  serve = (request, reply) => {
    asked = `${request.method} ${request.url}`;
    reply.end("{}");
  };
  await ApiClient.open(folder).delete(findKindByWord("svc")!, "shop", "kvs", "dana");
  expect(asked).toBe("DELETE /api/v1/namespaces/shop/services/kvs?fieldManager=dana");
});

test("a control plane that dies in the middle of an answer is one that is away", async () => {
  serve = (_, reply) => {
    reply.writeHead(200, { "content-length": 100 });
    reply.write("[", () => reply.destroy());
  };
  await expect(ApiClient.open(folder).verb("ps")).rejects.toMatchObject({
    exitCode: exits.noControl,
    message: expect.stringContaining("it went away before it had answered"),
  });
});

test("an api.json that is not whole is nobody's", () => {
  expect(readApiPid(folder)).toBe(1);
  writeFileSync(join(folder, "api.json"), '{"pid":');
  expect(readApiPid(folder)).toBeNull();
  expect(() => ApiClient.open(folder)).toThrow(/it has no api.json/);
  expect(readApiPid(join(folder, "none"))).toBeNull();
});

test("without a control plane, up is of help only where there is no supervisor either", async () => {
  serve = (request) => request.socket.destroy();
  const hints = async () => {
    const error = await ApiClient.open(folder)
      .verb("ps")
      .catch((cause: Fault) => cause);
    return (error as Fault).hints;
  };
  const door = join(folder, "host.sock");
  writeFileSync(join(folder, "host.json"), JSON.stringify({ pid: 1, door, files: ["m.yaml"] }));
  expect(await hints()).toEqual(["heddle up m.yaml", "heddle check"]);
  const supervisor = createNetServer().listen(door);
  await once(supervisor, "listening");
  expect(await hints()).toEqual(["heddle logs control", "heddle check"]);
  supervisor.close();
});
