import { expect, test } from "vitest";
import { loadManifests } from "./load.ts";
import { formatProblems } from "./problem.ts";

const load = (text: string) =>
  loadManifests([{ name: "mesh.yaml", text, folder: "/app" }], { variables: {} });
const lines = (problems: Parameters<typeof formatProblems>[0]) =>
  formatProblems(problems).map((line) => line.replace(/ {2,}/g, " "));

const services = ["kvs", "kvs-v1"]
  .map(
    (name) => `apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { ports: [{ port: 80 }] }
---
`,
  )
  .join("");

test("an older version is read as it is written, and comes out in the one that is kept", () => {
  const { resources, errors } = load(`${services}apiVersion: split.smi-spec.io/v1alpha1
kind: TrafficSplit
metadata: { name: s }
spec:
  service: kvs
  backends:
    - { service: kvs-v1, weight: 500m }
    - { service: kvs, weight: 1 }
`);
  expect(errors).toEqual([]);
  expect(resources.at(-1)!.resource).toMatchObject({
    apiVersion: "split.smi-spec.io/v1alpha4",
    spec: { backends: [{ weight: 500 }, { weight: 1000 }] },
  });
});

test("errors are at the paths and lines of the version that is written", () => {
  const text = `apiVersion: specs.smi-spec.io/v1alpha2
kind: HTTPRouteGroup
metadata: { name: g }
matches:
  - name: a
  - name: a
    methods: [get]
---
apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: { name: s }
spec:
  service: kvs
  backends:
    - { service: kvs-v1, weight: 0.5 }
    - { service: kvs-v2, weight: -1 }
`;
  expect(lines(load(text).errors)).toEqual([
    'mesh.yaml:6 HTTPRouteGroup/g matches[1].name: "a" is there already, at [0]',
    'mesh.yaml:7 HTTPRouteGroup/g matches[1].methods[0]: expected *, GET, HEAD, PUT, POST, DELETE, CONNECT, OPTIONS, TRACE, PATCH, got "get"; did you mean "GET"?',
    "mesh.yaml:15 TrafficSplit/s spec.backends[0].weight: expected a whole number >= 0, got 0.5",
    "mesh.yaml:16 TrafficSplit/s spec.backends[1].weight: expected a whole number >= 0, got -1",
  ]);
});

test("what will not be split is a warning, where it is written", () => {
  const { errors, warnings } = load(`${services}apiVersion: split.smi-spec.io/v1alpha4
kind: TrafficSplit
metadata: { name: s }
spec:
  service: kvs
  matches:
    - { kind: HTTPRouteGroup, name: g }
    - { kind: HTTPRouteGroup, name: absent }
  backends:
    - { service: kvs-v1, weight: 1 }
    - { service: kvs-v2, weight: 1 }
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: { name: g }
spec:
  matches:
    - name: ok
    - name: m
      pathRegex: "/a("
`);
  expect(errors).toEqual([]);
  const words = lines(warnings);
  expect(words.slice(0, 2)).toEqual([
    "mesh.yaml:18 TrafficSplit/s spec.matches[1].name: There is no HTTPRouteGroup absent in namespace default: nothing matches it.",
    "mesh.yaml:21 TrafficSplit/s spec.backends[1].service: There is no Service kvs-v2 with endpoints in namespace default: its share gets 503.",
  ]);
  expect(words[2]).toMatch(
    /^mesh\.yaml:30 HTTPRouteGroup\/g spec\.matches\[1\]\.pathRegex: "\/a\(": .*fits nothing\.$/,
  );
});

test("two kinds of one name are two objects", () => {
  const { resources, errors } = load(`${services}apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: { name: db }
spec: { matches: { ports: [3306] } }
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: UDPRoute
metadata: { name: db }
spec: { matches: { ports: [] } }
`);
  expect(errors).toEqual([]);
  expect(resources).toHaveLength(4);
});
