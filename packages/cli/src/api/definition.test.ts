import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const kvs = `
const k = int("k"), v = str("v");
export const kvs = algebra("KVS", { get: { takes: [k], gives: str }, put: { takes: [k, v] } })
  .model<ReadonlyMap<number, string>>({
    empty: new Map(),
    get: (map, k) => map.get(k) ?? "",
    put: (map, k, v) => new Map(map).set(k, v),
  })
  .http({ get: { on: "GET /{k}", ok: [200] }, put: { on: "PUT /{k}", body: v, ok: [201] } });`;
const begin = `import { algebra, int, str } from "@heddle/mesh/contract";`;
const files: Readonly<Record<string, string>> = {
  "kvs.contract.ts": `${begin}${kvs}
    export const limit = 7;
    export const half = algebra("Half", { get: { takes: [k], gives: str } });`,
  "wrong.contract.ts": begin + kvs.replace("GET /{k}", "GET /{q}").replace("[201]", "[]"),
  "refuted.contract.ts":
    begin +
    kvs.replace(
      "  .model",
      '.axiom(({ empty, get, put }) => [get(put(empty, k, v), k).is("a")]).model',
    ),
  "mutable.contract.ts":
    begin + kvs.replace("new Map(map).set", "(map as Map<number, string>).set"),
  "throws.contract.ts": `const no: string = "no";\nthrow new TypeError(no);`,
  "syntax.contract.ts": `export const a = 1;\nconst x number = 1;`,
  "enum.contract.ts": `enum Kind { a }\nexport const a = Kind.a;`,
  "missing.contract.ts": `import { x } from "./nowhere.ts";\nexport const a = x;`,
  "name.contract.ts": `import { nothing } from "@heddle/mesh/contract";\nexport const a = nothing;`,
};
let folder = "";
let answers: Readonly<Record<string, string>> = {};

/** In a process of its own: a test runner has module hooks that get in the way of ours. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "definition-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const script = `
    import { runDefinition } from ${JSON.stringify(import.meta.resolve("./definition.ts"))};
    const answers = {};
    for (const reference of ${JSON.stringify(Object.keys(expected))}) {
      answers[reference] = await runDefinition(reference, ${JSON.stringify(folder)}).then(
        ({ name, operations }) => name + " with " + operations.map(({ name }) => name).join(", "),
        (error) => error.exitCode + " " + error.message,
      );
    }
    console.log(JSON.stringify(answers));`;
  const printed = execFileSync(process.execPath, ["--input-type=module", "-e", script]);
  answers = JSON.parse(printed.toString()) as typeof answers;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const expected: Readonly<Record<string, string>> = {
  kvs: "KVS with get, put",
  lock: "Lock with holder, acquire, release",
  kvz: '65 no definition "kvz" is shipped; did you mean "kvs"?',
  kettle:
    '65 no definition "kettle" is shipped, but kvs, register, counter, lock, recommendation are',
  "./kvs.contract.ts#kvs": "KVS with get, put",
  "kvs.contract.ts#kvz": '65 <>/kvs.contract.ts exports no definition "kvz"; did you mean "kvs"?',
  "./kvs.contract.ts": '65 <>/kvs.contract.ts exports no definition "default", but kvs',
  "./kvs.contract.ts#limit":
    "65 limit of <>/kvs.contract.ts is no definition, as algebra(…) of @heddle/mesh/contract begins one, but kvs",
  "./kvs.contract.ts#half":
    "65 half of <>/kvs.contract.ts is not finished: .model(…) and .http(…) come last",
  "./wrong.contract.ts#kvs":
    "65 <>/wrong.contract.ts: get: takes no q, but GET /{q} and its other parts name it; get: k is bound nowhere: put it in the path, query, fields or body; put: ok names no status: it could never be done",
  "./refuted.contract.ts#kvs":
    '65 definition KVS of ./refuted.contract.ts#kvs: its model does not keep get (put (empty) k v) k → "a": k = 2, v = "b": left is "b", right is "a"',
  "./mutable.contract.ts#kvs":
    '65 definition KVS of ./mutable.contract.ts#kvs: put 1 "a" changes the state that it was given, in place: it has to return another',
  "./throws.contract.ts#a": "65 <>/throws.contract.ts:2:7: TypeError: no",
  "./syntax.contract.ts#a":
    "65 <>/syntax.contract.ts:2: SyntaxError: 'const' declarations must be initialized",
  "./enum.contract.ts#a":
    "65 <>/enum.contract.ts:1: SyntaxError: TypeScript enum is not supported in strip-only mode",
  "./missing.contract.ts#a":
    "65 <>/missing.contract.ts: Error: Cannot find module '<>/nowhere.ts' imported from <>/missing.contract.ts",
  "./name.contract.ts#a":
    "65 <>/name.contract.ts:1: SyntaxError: The requested module '@heddle/mesh/contract' does not provide an export named 'nothing'",
  "./none.contract.ts#a": "65 there is no file <>/none.contract.ts",
};

test.each(Object.entries(expected))("%s: %s", (reference, answer) => {
  expect(answers[reference]?.replaceAll(folder, "<>")).toBe(answer);
});
