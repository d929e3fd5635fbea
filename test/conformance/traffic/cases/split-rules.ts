import { equal } from "../../real/equal.ts";
import type { EchoMesh } from "../echo-mesh.ts";
import { meshNamespace } from "../echo-mesh.ts";
import { backend, httpRoute, manifest, resource } from "../manifest.ts";
import { comesOut, expectAnswer, expectAnswers, holds, type TrafficCase } from "../traffic-case.ts";
import { countWho, expectShares, httpShares } from "../weights.ts";

const v4 = "split.smi-spec.io/v1alpha4";
const specs = "specs.smi-spec.io/v1alpha4";

/** A split of `echo`: `{ "echo-v1": 1 }` are weights. */
function split(
  name: string,
  weights: Readonly<Record<string, number | string>>,
  more: { readonly service?: string; readonly matches?: readonly string[] } = {},
  version = v4,
): object {
  const { service = "echo", matches } = more;
  return resource(version, "TrafficSplit", name, {
    service,
    backends: Object.entries(weights).map(([name, weight]) => ({ service: name, weight })),
    ...(matches === undefined
      ? {}
      : { matches: matches.map((group) => ({ kind: "HTTPRouteGroup", name: group })) }),
  });
}

function group(name: string, matches: readonly object[]): object {
  return resource(specs, "HTTPRouteGroup", name, { matches });
}

/** Waits until an Event of an object says something of the sort. */
function expectEvent(mesh: EchoMesh, name: string, words: RegExp): Promise<void> {
  return holds(async () => {
    const told = await mesh.eventsOf("TrafficSplit", name);
    equal(
      told.some((one) => words.test(one)),
      true,
      `an Event like ${words} of ${name} among ${told.join(" | ")}`,
    );
  });
}

const opera = { headers: { "user-agent": "Opera/9" } };

/** SMI's splits and groups beyond the steps of its suite, which asks for none of this. */
export const splitRules: readonly TrafficCase[] = [
  {
    name: "weights are relative: 1000 : 500 is two in three",
    manifests: manifest(split("s", { "echo-v1": 1000, "echo-v2": 500 })),
    run: ({ client }) =>
      comesOut(() => expectShares(client, "http://echo/", { "echo-v1": 2, "echo-v2": 1 })),
  },
  {
    name: "a missing backend of weight 0 changes nothing and is not told of",
    manifests: manifest(split("s0", { "echo-v1": 1, "echo-v9": 0 })),
    async run(mesh) {
      await comesOut(() => expectShares(mesh.client, "http://echo/", { "echo-v1": 1 }));
      equal((await mesh.eventsOf("TrafficSplit", "s0")).join(), "", "events");
    },
  },
  {
    name: "a missing backend's share is 503, with an Event",
    manifests: manifest(split("s-missing", { "echo-v1": 1, "echo-v9": 1 })),
    async run(mesh) {
      await comesOut(async () => {
        const got = await httpShares(mesh.client, "http://echo/", 100);
        equal(`${got["echo-v1"]} ${got["503"]}`, "50 50", JSON.stringify(got));
      });
      await expectEvent(mesh, "s-missing", /echo-v9/);
    },
  },
  {
    name: "all weights 0: 503, with an Event",
    manifests: manifest(split("s-zero", { "echo-v1": 0, "echo-v2": 0 })),
    async run(mesh) {
      await expectAnswer(mesh.client, { url: "http://echo/", status: 503 });
      await expectEvent(mesh, "s-zero", /./);
    },
  },
  {
    name: "ports are matched by number: a backend without it gets nothing, with an Event",
    manifests: manifest(
      resource("v1", "Service", "other-port", {
        selector: { app: "echo", version: "v2" },
        ports: [{ name: "http", port: 81, targetPort: 8080 }],
      }),
      split("s-ports", { "echo-v1": 1, "other-port": 1 }),
    ),
    async run(mesh) {
      await comesOut(() => expectShares(mesh.client, "http://echo/", { "echo-v1": 1 }));
      await expectEvent(mesh, "s-ports", /other-port/);
    },
  },
  {
    name: "matches: those requests are split, all others go to the root",
    manifests: manifest(
      group("opera", [{ name: "opera", headers: [{ "user-agent": ".*Opera.*" }] }]),
      split("s", { "echo-v2": 1 }, { matches: ["opera"] }),
    ),
    async run({ client }) {
      await expectAnswer(client, { url: "http://echo/", ...opera, backend: "echo-v2" });
      await comesOut(async () => {
        const got = await httpShares(client, "http://echo/", 40);
        equal((got["echo-v1"] ?? 0) > 0, true, JSON.stringify(got));
      });
      await comesOut(async () => {
        const got = await countWho(100, async () => {
          const { echo, status } = await client.ask("http://echo/", opera);
          return echo?.hostname ?? String(status);
        });
        equal(JSON.stringify(got), '{"echo-v2":100}', "those with the header");
      });
    },
  },
  {
    name: "matches: paths from their start, methods, and all groups together",
    manifests: manifest(
      group("paths", [{ name: "items", pathRegex: "/items/[0-9]+", methods: ["GET"] }]),
      group("posts", [{ name: "posts", pathRegex: "/posts", methods: ["*"] }]),
      split("s", { "echo-v2": 1 }, { service: "echo-v1", matches: ["paths", "posts"] }),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo-v1/items/42", backend: "echo-v2" },
        { url: "http://echo-v1/items/42/parts", backend: "echo-v2" },
        { url: "http://echo-v1/items/x", backend: "echo-v1" },
        { url: "http://echo-v1/all/items/42", backend: "echo-v1" },
        { url: "http://echo-v1/items/42", method: "POST", backend: "echo-v1" },
        { url: "http://echo-v1/posts", method: "POST", backend: "echo-v2" },
      ]),
  },
  {
    name: "matches: a header's expression is of the whole value; both shapes of headers are read",
    manifests: manifest(
      group("list", [{ name: "a", headers: [{ "x-user": "anna" }] }]),
      group("map", [{ name: "b", headers: { "x-user": "ben", "x-beta": ".*" } }]),
      split("s", { "echo-v2": 1 }, { service: "echo-v1", matches: ["list", "map"] }),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo-v1/", headers: { "x-user": "anna" }, backend: "echo-v2" },
        { url: "http://echo-v1/", headers: { "x-user": "annabel" }, backend: "echo-v1" },
        { url: "http://echo-v1/", headers: { "x-user": "ben", "x-beta": "1" }, backend: "echo-v2" },
        { url: "http://echo-v1/", headers: { "x-user": "ben" }, backend: "echo-v1" },
      ]),
  },
  {
    name: "matches: a group that is not there matches nothing, with an Event",
    manifests: manifest(
      split("s-dangling", { "echo-v2": 1 }, { service: "echo-v1", matches: ["absent"] }),
    ),
    async run(mesh) {
      await expectEvent(mesh, "s-dangling", /absent/);
      await expectAnswer(mesh.client, { url: "http://echo-v1/", backend: "echo-v1" });
    },
  },
  {
    name: "a backend that is itself a root is not split again",
    manifests: manifest(
      split("outer", { "echo-v1": 1 }),
      split("inner", { "echo-v2": 1 }, { service: "echo-v1" }),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo-v1/", backend: "echo-v2" },
        { url: "http://echo/", backend: "echo-v1" },
      ]),
  },
  {
    name: "the root may be a backend: its own endpoints are meant",
    manifests: manifest(split("s", { "echo-v1": 1, "echo-v2": 1 }, { service: "echo-v1" })),
    run: ({ client }) =>
      comesOut(() => expectShares(client, "http://echo-v1/", { "echo-v1": 1, "echo-v2": 1 })),
  },
  {
    name: "a backend's own name goes on to mean it alone",
    manifests: manifest(split("s", { "echo-v1": 1 })),
    async run({ client }) {
      await comesOut(() => expectShares(client, "http://echo/", { "echo-v1": 1 }));
      await expectAnswer(client, { url: "http://echo-v2/", backend: "echo-v2" });
    },
  },
  {
    name: "several splits of one root: those with matches first, then the oldest; losers are told",
    manifests: manifest(
      group("opera", [{ name: "opera", headers: [{ "user-agent": ".*Opera.*" }] }]),
      split("a-first", { "echo-v1": 1 }),
      split("b-second", { "echo-v2": 1 }),
      split("c-matches", { "echo-v2": 1 }, { matches: ["opera"] }),
    ),
    async run(mesh) {
      await expectAnswer(mesh.client, { url: "http://echo/", ...opera, backend: "echo-v2" });
      await comesOut(() => expectShares(mesh.client, "http://echo/", { "echo-v1": 1 }));
      await expectEvent(mesh, "b-second", /a-first/);
    },
  },
  {
    name: "where a Gateway API route is attached, the split is not in force, and told so",
    manifests: manifest(
      split("s-route", { "echo-v2": 1 }),
      httpRoute("r", [{ backendRefs: [backend("echo-v1")] }]),
    ),
    async run(mesh) {
      await comesOut(() => expectShares(mesh.client, "http://echo/", { "echo-v1": 1 }));
      await expectEvent(mesh, "s-route", /HTTPRoute/);
    },
  },
  {
    name: "deleting a split gives back the plain Service",
    manifests: "",
    async run(mesh) {
      const made = await mesh.apply(manifest(split("s", { "echo-v1": 1 })));
      await comesOut(() => expectShares(mesh.client, "http://echo/", { "echo-v1": 1 }));
      await mesh.remove(made);
      await comesOut(async () => {
        const got = await httpShares(mesh.client, "http://echo/", 60);
        equal((got["echo-v1"] ?? 0) > 0 && (got["echo-v2"] ?? 0) > 0, true, JSON.stringify(got));
      });
    },
  },
  {
    name: "connections of octets are split, too, where there are no matches",
    manifests: manifest(split("s", { "echo-v1": 1, "echo-v2": 3 })),
    run: ({ client }) =>
      comesOut(async () => {
        const got = await countWho(40, () => client.talk("echo", "tcp"));
        equal(`${got["echo-v1"]} ${got["echo-v2"]}`, "10 30", JSON.stringify(got));
      }),
  },
  {
    name: "with matches connections of octets go to the root",
    manifests: manifest(
      group("all", [{ name: "all", pathRegex: ".*", methods: ["*"] }]),
      split("s", { "echo-v2": 1 }, { service: "echo-v1", matches: ["all"] }),
    ),
    async run({ client }) {
      await expectAnswer(client, { url: "http://echo-v1/", backend: "echo-v2" });
      await holds(async () => equal(await client.talk("echo-v1", "tcp"), "echo-v1-0", "who"));
    },
  },
  {
    name: "v1alpha1: quantities keep their ratio (1 : 500m is two in three)",
    manifests: manifest(
      split("s", { "echo-v1": "1", "echo-v2": "500m" }, {}, "split.smi-spec.io/v1alpha1"),
    ),
    run: ({ client }) =>
      comesOut(() => expectShares(client, "http://echo/", { "echo-v1": 2, "echo-v2": 1 })),
  },
  ...["v1alpha2", "v1alpha3"].map(
    (version): TrafficCase => ({
      name: `${version} is read, and shown in every other version`,
      manifests: manifest(
        split("s", { "echo-v1": 1, "echo-v2": 3 }, {}, `split.smi-spec.io/${version}`),
      ),
      async run(mesh) {
        await comesOut(() =>
          expectShares(mesh.client, "http://echo/", { "echo-v1": 1, "echo-v2": 3 }),
        );
        for (const asked of ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"]) {
          const apiVersion = `split.smi-spec.io/${asked}`;
          const shown = (await mesh.get(apiVersion, "TrafficSplit", "s")) as unknown as {
            readonly apiVersion: string;
            readonly spec: { readonly backends: readonly { readonly weight: unknown }[] };
          };
          equal(shown.apiVersion, apiVersion, "version");
          equal(Number.parseInt(String(shown.spec.backends[1]!.weight), 10) > 0, true, asked);
        }
      },
    }),
  ),
  {
    name: "a root may be named with its namespace",
    manifests: manifest(split("s", { "echo-v2": 1 }, { service: `echo.${meshNamespace}` })),
    run: ({ client }) => comesOut(() => expectShares(client, "http://echo/", { "echo-v2": 1 })),
  },
];
