import { resolve } from "node:path";
import { kvs as shipped } from "@heddle/mesh/contract/definition/kvs.ts";
import { parseDocument } from "@heddle/mesh/snapshot/codec.ts";
import { expect, test } from "vitest";
import { compileFiles } from "./compile-files.ts";
import { loadManifests } from "./load.ts";
import { readSources } from "./source.ts";

const root = resolve(import.meta.dirname, "../../../..");
const kvs = `${root}/examples/kvs`;

async function loadExample() {
  const { sources } = await readSources(["mesh.yaml"], {
    workingFolder: kvs,
    readInput: () => Promise.resolve(""),
  });
  // What `heddle compile` finds by running the example's definition, which says the same of requests as the shipped one.
  const definitions = new Map([[`${kvs}/kvs.contract.ts#kvs`, shipped.operations]]);
  const { resources, errors } = loadManifests(sources, { variables: {}, definitions });
  expect(errors).toEqual([]);
  return resources.map(({ resource }) => resource);
}

test("every document of every file is one that proxies read", async () => {
  const files = compileFiles(await loadExample(), { folder: `${kvs}/walk` });
  const documents = files
    .filter(({ path }) => path.endsWith(".json"))
    .flatMap(({ text }) => (JSON.parse(text) as { documents: unknown[] }).documents);
  expect(documents).toHaveLength(7 * 5); // 7 workloads: a proxy document, 2 services, 2 sets of endpoints
  for (const document of documents) expect(parseDocument(document)).toMatchObject({ ok: true });
});

test("no port is given twice, and none of a gateway's", async () => {
  const files = compileFiles(await loadExample(), { folder: kvs, firstPort: 8079 });
  const manifest = files.find(({ path }) => path === "mesh.yaml")!;
  const { resources } = loadManifests([{ name: "mesh.yaml", text: manifest.text, folder: kvs }], {
    variables: {},
  });
  const binds = resources.flatMap(({ resource }) =>
    resource.kind === "Process" ? (resource.spec.ports ?? []).map(({ bind }) => bind) : [],
  );
  expect(new Set(binds).size).toBe(binds.length);
  expect(binds.filter((bind) => bind === 8080)).toHaveLength(1); // the gateway's own
});

test("the committed files of the Walk profile are what the manifest compiles to", async () => {
  const files = compileFiles(await loadExample(), {
    folder: `${kvs}/walk`,
    heddle: `${root}/heddle`,
  });
  const { sources } = await readSources(
    files.map(({ path }) => path),
    { workingFolder: `${kvs}/walk`, readInput: () => Promise.resolve("") },
  );
  expect(sources.map(({ name, text }) => ({ path: name, text }))).toEqual(files);
});

test("the manifest that starts them has no error and no warning", async () => {
  const { sources } = await readSources(["walk/mesh.yaml", "crawl.yaml"], {
    workingFolder: kvs,
    readInput: () => Promise.resolve(""),
  });
  for (const source of sources) {
    expect(loadManifests([source], { variables: {} })).toMatchObject({ errors: [], warnings: [] });
  }
});
