import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Api } from "./api-client.ts";
import { process, service } from "./resources.ts";

const services = "/api/v1/namespaces/default/services";
const processes = "/apis/heddle.dev/v1alpha1/namespaces/default/processes";

let api: Api;
beforeEach(async () => {
  api = await Api.open();
});
afterEach(() => api.close());

describe("conventions", () => {
  test("what is created has what the server adds, and defaults", async () => {
    const { status, body } = await api.call(
      "POST",
      processes,
      process("kvs", { replicas: undefined }),
    );
    expect(status).toBe(201);
    expect(body.metadata).toMatchObject({ name: "kvs", namespace: "default", generation: 1 });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.metadata.resourceVersion).toMatch(/^\d+$/);
    expect(body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(body.spec.replicas).toBe(1);
    expect((await api.get(`${processes}/kvs`)).body).toMatchObject({
      spec: body.spec,
      metadata: { uid: body.metadata.uid },
    });
  });

  test.each([
    ["something that is not there", "GET", `${services}/nope`, undefined, 404, "NotFound"],
    ["a kind that is not there", "GET", "/apis/apps/v1/deployments", undefined, 404, "NotFound"],
    ["a version that is not there", "GET", "/api/v2/services", undefined, 404, "NotFound"],
    ["a second one of a name", "POST", services, service("there"), 409, "AlreadyExists"],
    [
      "another namespace than the path's",
      "POST",
      services,
      { metadata: { name: "x", namespace: "y" } },
      400,
      "BadRequest",
    ],
    [
      "another name than the path's",
      "PUT",
      `${services}/there`,
      service("other"),
      400,
      "BadRequest",
    ],
    [
      "a namespaced object without one",
      "POST",
      "/api/v1/services",
      service("x"),
      405,
      "MethodNotAllowed",
    ],
    [
      "something that is not allowed",
      "POST",
      services,
      { metadata: { name: "x" }, spec: {} },
      422,
      "Invalid",
    ],
    ["a body that is no object", "POST", services, [1], 422, "Invalid"],
    ["deletion of what is not there", "DELETE", `${services}/nope`, undefined, 404, "NotFound"],
    ["deletion of a collection", "DELETE", services, undefined, 405, "MethodNotAllowed"],
    [
      "a version that has passed",
      "PUT",
      `${services}/there`,
      { ...service("there"), metadata: { name: "there", resourceVersion: "999" } },
      409,
      "Conflict",
    ],
    [
      "a selector that makes no sense",
      "GET",
      `${services}?labelSelector=a%3D%3D%3Db`,
      undefined,
      400,
      "BadRequest",
    ],
    [
      "a field that cannot be selected",
      "GET",
      `${services}?fieldSelector=spec.type%3Dx`,
      undefined,
      400,
      "BadRequest",
    ],
    ["half of a dry run", "POST", `${services}?dryRun=Some`, service("x"), 400, "BadRequest"],
    ["a verb of nobody", "GET", "/heddle/v1/nope", undefined, 404, "NotFound"],
  ])("asked for %s, answers a Status", async (_, method, path, body, code, reason) => {
    await api.call("POST", services, service("there"));
    const reply = await api.call(method, path, body);
    expect(reply.status).toBe(code);
    expect(reply.body).toMatchObject({
      kind: "Status",
      apiVersion: "v1",
      status: "Failure",
      code,
      reason,
    });
    expect(reply.body.message).not.toBe("");
  });

  test("all that is wrong is said at once, each with its field", async () => {
    const bad = process("kvs", { replicas: "three", comand: ["x"] });
    const { status, body } = await api.call("POST", processes, bad);
    expect(status).toBe(422);
    const fields = body.details.causes.map((cause: { field: string }) => cause.field);
    expect(fields.sort()).toEqual(["spec.comand", "spec.replicas"]);
    expect(body.message).toContain('did you mean "command"?');
  });

  test("the generation grows with the spec and with nothing else", async () => {
    await api.call("POST", processes, process("kvs"));
    const labelled = await api.call("PATCH", `${processes}/kvs`, {
      metadata: { labels: { a: "b" } },
    });
    expect(labelled.body.metadata).toMatchObject({ generation: 1, labels: { app: "kvs", a: "b" } });
    const scaled = await api.call("PATCH", `${processes}/kvs`, { spec: { replicas: 2 } });
    expect(scaled.body.metadata.generation).toBe(2);
    const status = await api.call("PATCH", `${processes}/kvs/status`, {
      status: { replicas: 7 },
      spec: { replicas: 9 },
    });
    expect(status.body).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 2 } });
  });

  test("writing a resource leaves its status alone", async () => {
    await api.call("POST", services, service("kvs"));
    await api.call("PATCH", `${services}/kvs/status`, { status: { loadBalancer: {} } });
    const { body } = await api.call("PUT", `${services}/kvs`, {
      ...service("kvs", "other"),
      status: { conditions: [] },
    });
    expect(body.status).toEqual({ loadBalancer: {} });
    expect(body.spec.selector).toEqual({ app: "other" });
  });

  test("a write that says nothing new makes no version", async () => {
    const { body } = await api.call("POST", services, service("kvs"));
    const again = await api.call("PUT", `${services}/kvs`, body);
    expect(again.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  });

  test("a dry run answers as if, and changes nothing", async () => {
    const { status, body } = await api.call("POST", `${services}?dryRun=All`, service("kvs"));
    expect([status, body.metadata.name]).toEqual([201, "kvs"]);
    expect((await api.get(`${services}/kvs`)).status).toBe(404);
  });

  test("other patches than merge patches are turned down, for now", async () => {
    await api.call("POST", services, service("kvs"));
    const type = { "content-type": "application/apply-patch+yaml" };
    const { status } = await api.call("PATCH", `${services}/kvs`, {}, type);
    expect(status).toBe(415);
  });

  test("a body of another type than JSON is turned down", async () => {
    for (const type of ["text/plain", "application/yaml", "application/merge-patch+json"]) {
      const sent = { "content-type": type };
      const { status, body } = await api.call("POST", services, service("kvs"), sent);
      expect([status, body.reason], type).toEqual([415, "UnsupportedMediaType"]);
    }
    expect((await api.get(`${services}/kvs`)).status).toBe(404);
    const withCharset = { "content-type": "Application/JSON; charset=utf-8" };
    expect((await api.call("POST", services, service("kvs"), withCharset)).status).toBe(201);
    const update = await api.call("PUT", `${services}/kvs`, service("kvs"), {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(update.status).toBe(415);
    expect(
      (await api.call("POST", "/heddle/v1/apply", {}, { "content-type": "text/plain" })).status,
    ).toBe(415);
  });

  test("what is to be made has no version yet", async () => {
    const of = (resourceVersion: string) => ({
      ...service("kvs"),
      metadata: { name: "kvs", resourceVersion },
    });
    const { status, body } = await api.call("POST", services, of("7"));
    expect([status, body.message]).toEqual([
      400,
      "resourceVersion should not be set on objects to be created",
    ]);
    expect((await api.call("POST", services, of(""))).status).toBe(201);
  });

  test("an object of more than 1.5 MiB is turned down, whichever way it grows", async () => {
    const large = (bytes: number) => ({
      metadata: { name: "kvs", annotations: { a: "x".repeat(bytes) } },
    });
    const body = (bytes: number) => ({ ...service("kvs"), ...large(bytes) });
    const refused = await api.call("POST", services, body(1_600_000));
    expect([refused.status, refused.body.reason]).toEqual([413, "RequestEntityTooLarge"]);
    expect((await api.call("POST", services, body(1_500_000))).status).toBe(201);
    const more = { metadata: { annotations: { b: "x".repeat(100_000) } } };
    expect((await api.call("PATCH", `${services}/kvs`, more)).status).toBe(413);
    const set = { owner: null, author: "dana", cause: "apply", resources: [body(1_600_000)] };
    const applied = await api.call("POST", "/heddle/v1/apply", set);
    expect([applied.status, applied.body.details.causes[0]]).toMatchObject([
      422,
      { field: "Service/kvs", message: expect.stringContaining("is too large") },
    ]);
  });

  test("a deletion may name the version it means", async () => {
    await api.call("POST", services, service("kvs"));
    const wrong = { preconditions: { resourceVersion: "1000" } };
    expect((await api.call("DELETE", `${services}/kvs`, wrong)).status).toBe(409);
    const { status, body } = await api.call("DELETE", `${services}/kvs`);
    expect([status, body.status]).toEqual([200, "Success"]);
  });

  test("lists select by label and field, and come in pages", async () => {
    for (const name of ["a", "b", "c"]) {
      const labelled = {
        ...service(name),
        metadata: { name, labels: { tier: name === "c" ? "x" : "y" } },
      };
      await api.call("POST", services, labelled);
    }
    const names = async (query: string) =>
      (await api.get(`${services}?${query}`)).body.items.map(
        (item: { metadata: { name: string } }) => item.metadata.name,
      );
    expect(await names("")).toEqual(["a", "b", "c"]);
    expect(await names("labelSelector=tier%3Dy")).toEqual(["a", "b"]);
    expect(await names("labelSelector=tier+notin+(y),tier")).toEqual(["c"]);
    expect(await names("fieldSelector=metadata.name%3Db")).toEqual(["b"]);
    const { body } = await api.get(`${services}?limit=2`);
    expect(body.kind).toBe("ServiceList");
    expect(body.metadata.remainingItemCount).toBe(1);
    expect(await names(`limit=2&continue=${body.metadata.continue}`)).toEqual(["c"]);
    expect((await api.get("/api/v1/services")).body.items.length).toBe(3);
  });

  test("documents of discovery name every kind", async () => {
    const { body } = await api.get("/apis");
    const groups = body.groups.map((group: { name: string }) => group.name).sort();
    expect(groups).toEqual([
      "gateway.networking.k8s.io",
      "gateway.networking.x-k8s.io",
      "heddle.dev",
      "specs.smi-spec.io",
      "split.smi-spec.io",
    ]);
    const core = await api.get("/api/v1");
    expect(core.body.resources.map((one: { name: string }) => one.name)).toContain(
      "services/status",
    );
  });
});

describe("watch", () => {
  test("begins with what there is and goes on with what changes", async () => {
    await api.call("POST", services, service("a"));
    const stream = api.stream("GET", `${services}?watch=1`);
    expect(await stream.next()).toMatchObject({
      type: "ADDED",
      object: { metadata: { name: "a" } },
    });
    await api.call("POST", services, service("b"));
    await api.call("PATCH", `${services}/b`, { metadata: { labels: { x: "y" } } });
    await api.call("DELETE", `${services}/b`);
    for (const type of ["ADDED", "MODIFIED", "DELETED"]) {
      expect(await stream.next()).toMatchObject({ type, object: { metadata: { name: "b" } } });
    }
    stream.close();
  });

  test("what comes to be selected is added, what ceases to be is deleted", async () => {
    const { body } = await api.get(services);
    const query = `watch=true&labelSelector=x%3Dy&resourceVersion=${body.metadata.resourceVersion}`;
    const stream = api.stream("GET", `${services}?${query}`);
    await api.call("POST", services, service("a"));
    await api.call("PATCH", `${services}/a`, { metadata: { labels: { x: "y" } } });
    await api.call("PATCH", `${services}/a`, { metadata: { labels: { x: null } } });
    expect(await stream.next()).toMatchObject({ type: "ADDED" });
    expect(await stream.next()).toMatchObject({ type: "DELETED" });
    stream.close();
  });

  test("from a version that is forgotten, says so", async () => {
    for (let index = 0; index < 40; index++) await api.call("POST", services, service(`s${index}`));
    const stream = api.stream("GET", `${services}?watch=1&resourceVersion=1`);
    expect(await stream.next()).toMatchObject({
      type: "ERROR",
      object: { kind: "Status", code: 410, reason: "Expired" },
    });
    expect(await stream.next()).toBeNull();
  });
});

describe("who may call", () => {
  test.each([
    ["no token", { authorization: "" }, 401],
    ["another token", { authorization: "Bearer nope" }, 401],
    ["a name that was made to lead here", { host: "evil.example" }, 403],
    ["a page from elsewhere", { origin: "http://evil.example" }, 403],
  ])("not with %s", async (_, headers, status) => {
    const reply = await api.call("GET", services, undefined, headers);
    expect(reply.status).toBe(status);
    expect(reply.body.kind).toBe("Status");
  });

  test("anybody may ask whether it is alive", async () => {
    expect((await api.call("GET", "/readyz", undefined, { authorization: "" })).status).toBe(200);
  });
});
