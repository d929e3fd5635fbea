import { expect, test } from "vitest";
import { loadManifests } from "./load.ts";
import { formatProblems } from "./problem.ts";

const load = (text: string, variables: Record<string, string> = {}) =>
  loadManifests([{ name: "mesh.yaml", text, folder: "/app" }], { variables });

const errorsOf = (text: string, variables: Record<string, string> = {}) =>
  formatProblems(load(text, variables).errors).map((line) => line.replace(/ {2,}/g, " "));

const warningsOf = (text: string) => {
  const { errors, warnings } = load(text);
  expect(errors).toEqual([]);
  return formatProblems(warnings).map((line) => line.replace(/ {2,}/g, " "));
};

test("prints every error of a bad set, with file, line and path, in columns", () => {
  const text = `apiVersion: heddle.dev/v1alpha1
kind: Process
metadata: { name: kvs, labels: { app: kvs } }
spec:
  replicas: three
  comand: [node, kvs.ts]
---
apiVersion: v1
kind: Service
metadata: { name: kvs }
spec: { selector: { app: kvs }, ports: [{ port: 80 }] }
---
# the key decides

apiVersion: heddle.dev/v1alpha1
kind: Placement
metadata: { name: kvs-by-key }
spec:
  targetRefs: [{ kind: Service, name: kvz }]
  key: { pathSegment: 1 }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: front }
spec:
  parentRefs: [{ name: front }]
  rules:
    - matches: [{ path: { value: /kvs } }]
      backendRefs:
        - name: kvs
`;
  expect(formatProblems(load(text).errors)).toEqual([
    'mesh.yaml:5   Process/kvs           spec.replicas: expected a whole number >= 0, got "three"',
    'mesh.yaml:6   Process/kvs           spec.comand: unknown field; did you mean "command"?',
    'mesh.yaml:19  Placement/kvs-by-key  spec.targetRefs[0].name: no Service "kvz" in namespace default; did you mean "kvs"?',
    "mesh.yaml:30  HTTPRoute/front       spec.rules[0].backendRefs[0].port: required for a Service",
  ]);
});

const service = (name: string, more = "") => `apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { ports: [{ port: 80 }]${more} }
`;

test("reads several documents, JSON and the items of a List", () => {
  const json = JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: [
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "b" },
        spec: { ports: [{ port: 1 }] },
      },
      { apiVersion: "v1", kind: "Service", metadata: { name: "c" }, spec: {} },
    ],
  });
  const { resources, errors } = load(`---\n${service("a")}---\n---\n${json}\n`);
  expect(resources.map(({ resource }) => resource.metadata.name)).toEqual(["a", "b"]);
  expect(errors.map(({ subject, message }) => [subject, message])).toEqual([
    ["Service/c", "spec.ports: required"],
  ]);
});

test("an object that is there twice is an error at the second", () => {
  expect(errorsOf(`${service("a")}---\n${service("a")}`)).toEqual([
    "mesh.yaml:8 Service/a metadata.name: is there already, at mesh.yaml:1",
  ]);
});

test("text that is no YAML is an error at its line, and the other documents are read", () => {
  const { resources, errors } = load(`${service("a")}---\nkind: [\n---\n${service("b")}`);
  expect(resources).toHaveLength(2);
  expect(errors[0]).toMatchObject({ line: 7, subject: "" });
});

test("an alias that multiplies is refused", () => {
  const lines = ["a0: &a0 [x]"];
  for (let depth = 1; depth < 12; depth++) {
    lines.push(
      `a${depth}: &a${depth} [${Array(9)
        .fill(`*a${depth - 1}`)
        .join(", ")}]`,
    );
  }
  expect(errorsOf(lines.join("\n"))[0]).toMatch(/alias/i);
});

test("a Process runs in its manifest's folder", () => {
  const process = (more: string) => `apiVersion: heddle.dev/v1alpha1
kind: Process
metadata: { name: p }
spec: { command: [p]${more} }
`;
  const folderOf = (text: string) => load(text).resources[0]?.resource.spec;
  expect(folderOf(process(""))).toMatchObject({ workingDir: "/app", replicas: 1 });
  expect(folderOf(process(", workingDir: sub"))).toMatchObject({ workingDir: "/app/sub" });
  expect(folderOf(process(", workingDir: /else"))).toMatchObject({ workingDir: "/else" });
});

test("variables take the type of their text, unless they are quoted", () => {
  const text = `apiVersion: heddle.dev/v1alpha1
kind: Process
metadata: { name: p } # \${UNSET} in a comment asks for nothing
spec:
  replicas: \${N:-3}
  command: [run, "\${WORD}", '\${N:-3}', "$\${KEPT}", $(PORT), "a \${WORD}-\${M:-}."]
`;
  const { resources, errors } = load(text, { WORD: 'two: "words"' });
  expect(errors).toEqual([]);
  expect(resources[0]?.resource.spec).toMatchObject({
    replicas: 3,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text itself
    command: ["run", 'two: "words"', "3", "${KEPT}", "$(PORT)", 'a two: "words"-.'],
  });
  expect(load(text, { N: "many", WORD: "" }).errors[0]?.message).toBe(
    'spec.replicas: expected a whole number >= 0, got "many"',
  );
});

test("a variable that is not set is an error at its line", () => {
  const text = service("a", "").replace("80", `80, name: \n    \${NAME}`);
  expect(errorsOf(text)).toEqual([
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the text itself
    "mesh.yaml:5 ${NAME} is not set; set it, or give a default: ${NAME:-value}",
  ]);
});

test("a variable that is not set brings no second error about the value that it leaves", () => {
  const text = `apiVersion: heddle.dev/v1alpha1
kind: Process
metadata: { name: \${NAME} }
spec:
  replicas: \${N}
  command: [\${RUN}]
  calls: ["a\${B}"]
  comand: x
`;
  const unset = (name: string) =>
    `\${${name}} is not set; set it, or give a default: \${${name}:-value}`;
  expect(load(text).errors.map(({ message }) => message)).toEqual([
    unset("NAME"),
    unset("N"),
    unset("RUN"),
    unset("B"),
    expect.stringContaining("spec.comand: unknown field"),
  ]);
  const known = { NAME: "p", N: "1", RUN: "x" };
  expect(
    load(text.replace("  comand: x\n", ""), known).errors.map(({ message }) => message),
  ).toEqual([unset("B")]);
});

test("kinds of a cluster are skipped with a word; kinds that could restrict are refused", () => {
  const of = (apiVersion: string, kind: string) =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: x }\nspec: {}\n`;
  expect(warningsOf(of("apps/v1", "Deployment"))).toEqual([
    "mesh.yaml:1 Deployment/x skipped: Deployment is for a cluster only",
  ]);
  expect(warningsOf(of("v1", "Secret"))).toHaveLength(1);
  expect(errorsOf(of("access.smi-spec.io/v1alpha3", "TrafficTarget"))).toEqual([
    "mesh.yaml:2 TrafficTarget/x kind: heddle does not support TrafficTarget of access.smi-spec.io yet",
  ]);
  expect(errorsOf(of("heddle.dev/v1alpha1", "Proces"))).toEqual([
    'mesh.yaml:2 Proces/x kind: no kind "Proces" in heddle.dev/v1alpha1; did you mean "Process"?',
  ]);
  expect(errorsOf(of("gateway.networking.k8s.io/v1alpha2", "HTTPRoute"))).toEqual([
    'mesh.yaml:1 HTTPRoute/x apiVersion: expected gateway.networking.k8s.io/v1 or gateway.networking.k8s.io/v1beta1, got "gateway.networking.k8s.io/v1alpha2"',
  ]);
  expect(errorsOf(of("heddle.dev/v1alpha1", "Workload"))).toHaveLength(1);
});

test("what is no object says what it lacks", () => {
  expect(errorsOf("just text\n")).toEqual([
    "mesh.yaml:1 expected an object with apiVersion, kind, metadata and spec",
  ]);
  expect(errorsOf("apiVersion: v1\nspec: {}\n")).toEqual(["mesh.yaml:1 kind: required, as text"]);
});

test("a Placement on a broken Service is not one more error", () => {
  const text = `${service("kvs", ", porst: 1")}---
apiVersion: heddle.dev/v1alpha1
kind: Placement
metadata: { name: p }
spec: { targetRefs: [{ kind: Service, name: kvs }], key: { identity: true } }
`;
  expect(errorsOf(text)).toEqual([
    'mesh.yaml:4 Service/kvs spec.porst: unknown field; did you mean "ports"?',
  ]);
});

test("references lead to what the mesh has already", () => {
  const existing = load(service("kvs")).resources.map(({ resource }) => resource);
  const text = `apiVersion: heddle.dev/v1alpha1
kind: Process
metadata: { name: p }
spec: { command: [p], calls: [kvs, kvs.other] }
`;
  const loaded = loadManifests([{ name: "-", text, folder: "/" }], { variables: {}, existing });
  expect(loaded.errors.map(({ message }) => message)).toEqual([
    'spec.calls[1]: no Service "kvs" in namespace other',
  ]);
});

test("Gateway API references that lead nowhere are warned of", () => {
  const text = `${service("kvs")}---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: r }
spec:
  parentRefs:
    - { name: front }
    - { group: "", kind: Service, name: kvs, port: 81 }
  rules:
    - backendRefs: [{ name: kvz, port: 80 }]
`;
  expect(warningsOf(text)).toEqual([
    'mesh.yaml:11 HTTPRoute/r spec.parentRefs[0].name: no Gateway "front" in namespace default',
    "mesh.yaml:12 HTTPRoute/r spec.parentRefs[1]: Service default/kvs has no port 81.",
    "mesh.yaml:14 HTTPRoute/r spec.rules[0].backendRefs[0]: There is no Service kvz in namespace default.",
  ]);
});

test("what makes a rule answer 500 is warned of where it stands", () => {
  const text = `${service("kvs")}---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: r }
spec:
  parentRefs:
    - { group: "", kind: Service, name: kvs, port: 80 }
    - { group: "", kind: Service, name: kvx }
  rules:
    - matches:
        - path: { value: / }
          headers: [{ name: x, type: RegularExpression, value: (a)\\1 }]
      backendRefs: [{ name: kvs, port: 80 }]
    - filters:
        - { type: ExtensionRef, extensionRef: { group: a.b, kind: C, name: d } }
    - name: empty
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: nowhere }
spec: {}
`;
  expect(warningsOf(text)).toEqual([
    "mesh.yaml:12 HTTPRoute/r spec.parentRefs[1]: There is no Service default/kvx.",
    "mesh.yaml:16 HTTPRoute/r spec.rules[0].matches[0].headers[0]: heddle does not act on this (regular expression (a)\\1: a back-reference, which no linear time suffices for at character 4): its requests answer 500",
    "mesh.yaml:19 HTTPRoute/r spec.rules[1].filters[0]: heddle does not act on this (filter ExtensionRef): its requests answer 500",
    "mesh.yaml:20 HTTPRoute/r spec.rules[2].backendRefs: no backend with a weight: its requests answer 500",
    "mesh.yaml:25 HTTPRoute/nowhere spec: no parentRefs; the route is attached to nothing",
  ]);
});

test("a UDPRoute is warned of as its parents say", () => {
  const text = `${service("a")}
---
apiVersion: gateway.networking.k8s.io/v1
kind: UDPRoute
metadata: { name: u }
spec:
  parentRefs: [{ group: "", kind: Service, name: a }]
  rules: [{ backendRefs: [{ name: a, port: 80 }] }]
`;
  expect(warningsOf(text).at(-1)).toMatch(
    /UDPRoute\/u spec.parentRefs\[0\]: heddle carries TCP alone/,
  );
});

test("what is valid and not acted on gets one note", () => {
  expect(
    warningsOf(service("a", ", sessionAffinity: ClientIP, externalTrafficPolicy: Local")),
  ).toEqual([
    "mesh.yaml:4 Service/a spec.externalTrafficPolicy: valid, but heddle does not act on it",
    "mesh.yaml:4 Service/a spec.sessionAffinity: valid, but heddle does not act on it",
  ]);
});

test("a Service whose processes lack its port is warned of", () => {
  const text = `apiVersion: heddle.dev/v1alpha1
kind: Process
metadata: { name: p, labels: { app: p } }
spec: { command: [p], ports: [{ name: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: a }
spec:
  selector: { app: p }
  ports: [{ port: 80, targetPort: htp }]
---
apiVersion: v1
kind: Service
metadata: { name: b }
spec: { selector: { app: q }, ports: [{ port: 80 }] }
`;
  expect(warningsOf(text)).toEqual([
    'mesh.yaml:11 Service/a spec.ports[0].targetPort: Process/p has no port "htp"; did you mean "http"?',
    "mesh.yaml:16 Service/b spec.selector: selects no Process",
  ]);
});

test("a Process and a Gateway of one name are refused: their workloads would be called alike", () => {
  const gateway = (name: string) => `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name} }
spec: { gatewayClassName: heddle, listeners: [{ name: http, protocol: HTTP, port: 8080 }] }
`;
  const process = `apiVersion: heddle.dev/v1alpha1
kind: Process
metadata: { name: front }
spec: { command: [p] }
`;
  expect(
    load(process + gateway("front")).errors.map(({ line, message }) => [line, message]),
  ).toEqual([
    [
      8,
      "metadata.name: Process/front runs as workload front-0 already, at mesh.yaml:1; one of the two needs another name",
    ],
  ]);
  expect(load(process + gateway("other")).errors).toEqual([]);
});

test("a manifest without any object is an error, not the wish that everything goes", () => {
  expect(errorsOf("")).toEqual(["mesh.yaml:1 there is no object in it"]);
  expect(errorsOf("# all of it\n---\n---\n")).toEqual(["mesh.yaml:1 there is no object in it"]);
});

test("an alias without an anchor is an error where it stands", () => {
  expect(errorsOf("apiVersion: v1\nkind: Service\nspec: { selector: *no }\n")).toEqual([
    "mesh.yaml:3 Unresolved alias (the anchor must be set before the alias): no",
  ]);
});

test("what is no YAML is told once a line", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text itself
  const text = "kind: Service\nspec: { selector: { app: ${1BAD} }, ports: [{ port: ${} }] }\n";
  expect(errorsOf(text)).toHaveLength(1);
  expect(load(text).errors[0]).toMatchObject({ line: 2 });
});

test("what is nested without end is refused in words", () => {
  expect(errorsOf(`a: ${"[".repeat(20_000)}${"]".repeat(20_000)}`)).toEqual([
    "mesh.yaml:1 nested too deeply",
  ]);
});

const bound = (name: string, port: number, more = "") => `---
apiVersion: heddle.dev/v1alpha1
kind: Process
metadata: { name: ${name} }
spec: { command: [p]${more}, ports: [{ name: http, bind: ${port} }] }
`;

const gatewayAt = (name: string, ...ports: readonly number[]) => `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name} }
spec:
  gatewayClassName: heddle
  listeners:
${ports.map((port) => `    - { name: p${port}, protocol: HTTP, port: ${port} }\n`).join("")}`;

test("a fixed port that two want is an error at the second", () => {
  expect(errorsOf(bound("a", 7000) + bound("b", 7000) + bound("c", 7001))).toEqual([
    "mesh.yaml:10 Process/b spec.ports[0].bind: 7000 is the port of Process/a already, at mesh.yaml:5",
  ]);
  expect(errorsOf(bound("a", 7000) + gatewayAt("g", 80, 7000))).toEqual([
    "mesh.yaml:14 Gateway/g spec.listeners[1].port: 7000 is the port of Process/a already, at mesh.yaml:5",
  ]);
  expect(errorsOf(bound("a", 7000) + bound("b", 7000, ", replicas: 0"))).toEqual([]);
});

test("a port of another Gateway, or of what the mesh has, is warned of", () => {
  expect(warningsOf(gatewayAt("g", 80) + gatewayAt("h", 80))).toEqual([
    "mesh.yaml:16 Gateway/h spec.listeners[0].port: 80 is the port of Gateway/g already, at mesh.yaml:8",
  ]);
  const existing = load(bound("a", 7000) + bound("b", 7001)).resources.map((one) => one.resource);
  const text = bound("b", 7000) + bound("c", 7001);
  const { errors, warnings } = loadManifests([{ name: "-", text, folder: "/" }], {
    variables: {},
    existing,
  });
  expect(errors).toEqual([]); // b leaves 7001 to c
  expect(warnings.map(({ subject, message }) => `${subject} ${message}`)).toEqual([
    "Process/b spec.ports[0].bind: 7000 is the port of Process/a already, which the mesh has",
  ]);
});

test("an annotation of ours that says what it may not is an error", () => {
  const text = `apiVersion: v1
kind: Service
metadata:
  name: kvs
  annotations:
    heddle.dev/picker: round-robbin
spec: { selector: { app: kvs }, ports: [{ port: 80 }] }
`;
  expect(errorsOf(text)).toEqual([
    'mesh.yaml:6 Service/kvs metadata.annotations["heddle.dev/picker"]: expected p2c-ewma, least-request, round-robin, random, ring-hash, maglev, got "round-robbin"; did you mean "round-robin"?',
  ]);
});

test("a Rollout names a route and two Services that are there", () => {
  const text = `
apiVersion: heddle.dev/v1alpha1
kind: Rollout
metadata: { name: r }
spec: { targetRef: { kind: HTTPRoute, name: gone }, stable: v1, canary: v2, steps: [{ weight: 10 }] }`;
  const { errors } = loadManifests([{ name: "r.yaml", text, folder: "/" }], { variables: {} });
  expect(errors.map(({ message }) => message)).toEqual([
    'spec.targetRef.name: no HTTPRoute "gone" in namespace default',
    'spec.stable: no Service "v1" in namespace default',
    'spec.canary: no Service "v2" in namespace default',
  ]);
});
