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

describe("a kind that had another form", () => {
  const splits = (version: string) =>
    `/apis/split.smi-spec.io/${version}/namespaces/default/trafficsplits`;
  const split = (version: string, weights: readonly unknown[], more: object = {}) => ({
    apiVersion: `split.smi-spec.io/${version}`,
    kind: "TrafficSplit",
    metadata: { name: "s" },
    spec: {
      service: "kvs",
      backends: weights.map((weight, index) => ({ service: `kvs-v${index}`, weight })),
      ...more,
    },
  });
  const matches = [{ kind: "HTTPRouteGroup", name: "g" }];

  test("is converted each way, whatever is done to it", async () => {
    expect(
      await api.call("POST", splits("v1alpha1"), split("v1alpha1", [1, "500m"])),
    ).toMatchObject({
      status: 201,
      body: split("v1alpha1", ["1", "500m"]),
    });
    expect((await api.get(`${splits("v1alpha4")}/s`)).body).toMatchObject(
      split("v1alpha4", [1000, 500]),
    );
    await api.call("PUT", `${splits("v1alpha4")}/s`, split("v1alpha4", [3, 1], { matches }));
    const { items } = (await api.get(splits("v1alpha2"))).body;
    expect(items[0]).toMatchObject(split("v1alpha2", [3, 1]));
    expect(items[0].spec).not.toHaveProperty("matches");
    // A client of the old version changes what it knows, and takes nothing else away.
    const patch = { spec: { backends: [{ service: "kvs-v0", weight: "2" }] } };
    await api.call("PATCH", `${splits("v1alpha1")}/s`, patch);
    expect((await api.get(`${splits("v1alpha4")}/s`)).body).toMatchObject(
      split("v1alpha4", [2000], { matches }),
    );
    await api.call("PUT", `${splits("v1alpha2")}/s`, items[0]);
    expect((await api.get(`${splits("v1alpha4")}/s`)).body.metadata.annotations).toBeUndefined();
  });

  test("says what is wrong where the client wrote it", async () => {
    const { status, body } = await api.call(
      "POST",
      splits("v1alpha1"),
      split("v1alpha1", ["1u"], { matches }),
    );
    expect(status).toBe(422);
    expect(body.details.causes.map(({ field }: { field: string }) => field).sort()).toEqual([
      "spec.backends[0].weight",
      "spec.matches",
    ]);
  });

  test("is watched in the form that was asked for", async () => {
    await api.call("POST", splits("v1alpha4"), split("v1alpha4", [1500]));
    const stream = api.stream("GET", `${splits("v1alpha1")}?watch=1`);
    expect(await stream.next()).toMatchObject({ object: split("v1alpha1", ["1500m"]) });
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
