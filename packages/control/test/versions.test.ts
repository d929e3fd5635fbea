import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Api } from "./api-client.ts";

const group = "gateway.networking.k8s.io";
const at = (version: string) => `/apis/${group}/${version}/namespaces/default/httproutes`;
const route = (version: string, name: string) => ({
  apiVersion: `${group}/${version}`,
  kind: "HTTPRoute",
  metadata: { name },
  spec: { hostnames: ["a.example.com"] },
});

let api: Api;
beforeEach(async () => {
  api = await Api.open();
});
afterEach(() => api.close());

describe("a kind in an older version", () => {
  test("what is written in one is read in the other, each as it is asked for", async () => {
    const made = await api.call("POST", at("v1beta1"), route("v1beta1", "a"));
    expect(made).toMatchObject({ status: 201, body: { apiVersion: `${group}/v1beta1` } });
    for (const version of ["v1beta1", "v1"]) {
      const apiVersion = `${group}/${version}`;
      expect((await api.get(`${at(version)}/a`)).body).toMatchObject({
        apiVersion,
        metadata: { uid: made.body.metadata.uid },
      });
      const { body } = await api.get(at(version));
      expect(body).toMatchObject({ apiVersion, items: [{ apiVersion }] });
    }
  });

  test("put and patch in either change the one object", async () => {
    await api.call("POST", at("v1"), route("v1", "a"));
    const put = { ...route("v1beta1", "a"), spec: { hostnames: ["b.example.com"] } };
    const { status, body } = await api.call("PUT", `${at("v1beta1")}/a`, put);
    expect([status, body.apiVersion]).toEqual([200, `${group}/v1beta1`]);
    expect(body.metadata.generation).toBe(2);
    const patch = { metadata: { labels: { x: "y" } } };
    const patched = await api.call("PATCH", `${at("v1beta1")}/a`, patch);
    expect(patched).toMatchObject({ status: 200, body: { apiVersion: `${group}/v1beta1` } });
    expect((await api.get(`${at("v1")}/a`)).body).toMatchObject({
      apiVersion: `${group}/v1`,
      metadata: { generation: 2, labels: { x: "y" } },
      spec: { hostnames: ["b.example.com"] },
    });
    await api.call("DELETE", `${at("v1beta1")}/a`);
    expect((await api.get(`${at("v1")}/a`)).status).toBe(404);
  });

  test("an object of another version than the path's is refused", async () => {
    const { status, body } = await api.call("POST", at("v1beta1"), route("v1", "a"));
    expect(status).toBe(422);
    expect(body.message).toContain(`apiVersion: expected ${group}/v1beta1, got "${group}/v1"`);
  });

  test("a watch speaks the version that it asked for", async () => {
    await api.call("POST", at("v1"), route("v1", "a"));
    const stream = api.stream("GET", `${at("v1beta1")}?watch=1`);
    const apiVersion = `${group}/v1beta1`;
    expect(await stream.next()).toMatchObject({ type: "ADDED", object: { apiVersion } });
    await api.call("PATCH", `${at("v1")}/a`, { spec: { hostnames: ["b.example.com"] } });
    expect(await stream.next()).toMatchObject({ type: "MODIFIED", object: { apiVersion } });
    await api.call("DELETE", `${at("v1")}/a`);
    expect(await stream.next()).toMatchObject({ type: "DELETED", object: { apiVersion } });
    stream.close();
  });
});

test("discovery names all versions, the one to prefer first", async () => {
  const { body } = await api.get(`/apis/${group}`);
  const versions = body.versions.map(({ version }: { version: string }) => version);
  expect(versions.slice(0, 2)).toEqual(["v1", "v1beta1"]);
  expect(body.preferredVersion.version).toBe("v1");
  const names = async (version: string) =>
    (await api.get(`/apis/${group}/${version}`)).body.resources.map(
      ({ name }: { name: string }) => name,
    );
  expect(await names("v1beta1")).toContain("httproutes");
  expect(await names("v1beta1")).not.toContain("tlsroutes");
});
