import { kvs } from "@heddle/mesh/contract/definition/kvs.ts";
import { register } from "@heddle/mesh/contract/definition/register.ts";
import { checkResource, kindOf } from "@heddle/mesh/resource/check.ts";
import { operationDoc } from "@heddle/mesh/resource/heddle/contract-operation.ts";
import { describe, expect, test } from "vitest";
import { absoluteReference, type Definitions, definitionsNamed } from "./definitions.ts";
import { loadManifests } from "./load.ts";
import { formatProblems } from "./problem.ts";

const manifest = (contract: string) => `
apiVersion: v1
kind: Service
metadata: { name: kvs }
spec: { selector: { app: kvs }, ports: [{ port: 80 }] }
---
apiVersion: heddle.dev/v1alpha1
kind: Process
metadata: { name: kvs, labels: { app: kvs } }
spec: { replicas: 3, command: [node], ports: [{ name: http, number: 80 }] }
---
apiVersion: heddle.dev/v1alpha1
kind: Contract
metadata: { name: kvs }
spec:
  targetRefs: [{ group: "", kind: Service, name: kvs }]
  consistency: linearizable
  ${contract}
`;
const file = "/at/home/kvs.contract.ts#kvs";
const load = (contract: string, definitions: Definitions = new Map()) => {
  const source = { name: "mesh.yaml", text: manifest(contract), folder: "/at/home" };
  const loaded = loadManifests([source], { variables: {}, definitions });
  const found = loaded.resources
    .map(({ resource }) => resource)
    .find(({ kind }) => kind === "Contract");
  return { ...loaded, contract: found as Extract<typeof found, { kind: "Contract" }> };
};

describe("a Contract's definition", () => {
  test("is found from where its manifest is, once for all that name it", () => {
    const { contract, resources } = load("definition: ./kvs.contract.ts#kvs");
    expect(contract.spec.definition).toBe(file);
    expect(definitionsNamed([...resources, ...resources])).toEqual([file]);
  });

  test.each([
    ["kvs", "kvs"],
    ["kvs.ts", "/at/kvs.ts#default"],
    ["../kvs.ts#a", "/kvs.ts#a"],
    ["/b/kvs.ts#a", "/b/kvs.ts#a"],
    ["a#b.ts#c", "/at/a#b.ts#c"],
  ])("%s is %s", (reference, absolute) => {
    expect(absoluteReference(reference, "/at")).toBe(absolute);
    expect(absoluteReference(absolute, "/elsewhere")).toBe(absolute);
  });

  test("fills in what requests mean, and the key", () => {
    const { contract, errors } = load(
      "definition: ./kvs.contract.ts#kvs",
      new Map([[file, kvs.operations]]),
    );
    expect(errors).toEqual([]);
    expect(contract.spec.key).toBe("k");
    expect(contract.spec.operations?.map(operationDoc)).toEqual(kvs.operations);
    const kind = kindOf(contract);
    expect(kind === null ? null : checkResource(kind, contract)).toMatchObject({ ok: true });
  });

  test("names no key where operations have none in common", () => {
    const { contract } = load("definition: register", new Map([["register", register.operations]]));
    expect(contract.spec.operations?.length).toBe(2);
    expect(contract.spec.key).toBeUndefined();
  });

  test("that cannot be run is an error at its line", () => {
    const { errors } = load(
      "definition: ./kvs.contract.ts#kvs",
      new Map([[file, "there is no file"]]),
    );
    expect(formatProblems(errors)).toEqual([
      "mesh.yaml:18  Contract/kvs  spec.definition: there is no file",
    ]);
  });

  test("takes the key that the Contract names", () => {
    const { errors } = load("definition: kvs\n  key: q", new Map([["kvs", kvs.operations]]));
    expect(formatProblems(errors)).toEqual([
      'mesh.yaml:19  Contract/kvs  spec.key: no operation of kvs takes "q"',
    ]);
  });
});
