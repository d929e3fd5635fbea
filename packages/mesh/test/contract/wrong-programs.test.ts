import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../../../..");

/** A definition with one line of it replaced, and what the compiler says of that. */
const wrong: Readonly<Record<string, readonly [line: string, instead: string, says: string]>> = {
  "a value in the place of a key": [
    'get(empty, k).is(""),',
    'get(empty, v).is(""),',
    `Argument of type 'Variable<"str">' is not assignable to parameter of type 'number | bigint | Term<"int">'.`,
  ],
  "an answer of another sort": [
    'get(empty, k).is(""),',
    "get(empty, k).is(0),",
    `Argument of type 'number' is not assignable to parameter of type 'string | Term<"str">'.`,
  ],
  "an answer in the place of a state": [
    'get(empty, k).is(""),',
    'get(get(empty, k), k).is(""),',
    `'Term<"str">' but required in type 'State'.`,
  ],
  "a model that may give nothing": [
    'get: (kvs, k) => kvs.get(k) ?? "",',
    "get: (kvs, k) => kvs.get(k),",
    "Type 'string | undefined' is not assignable to type 'string'.",
  ],
  "an operation that nobody signed": [
    'get(empty, k).is(""),',
    'erase(empty, k).is(""),',
    "Cannot find name 'erase'.",
  ],
  "an operation without a binding": [
    'get: { on: "GET /{k}", ok: [200] },',
    "",
    "Property 'get' is missing in type",
  ],
};
const right = `import { algebra, int, str } from "@heddle/mesh/contract";
const k = int("k"), v = str("v");
export const kvs = algebra("KVS", {
  get: { takes: [k], gives: str },
  put: { takes: [k, v] },
})
  .axiom(({ empty, get, put }) => [
    get(empty, k).is(""),
    get(put(empty, k, v), k).is(v),
  ])
  .model<ReadonlyMap<number, string>>({
    empty: new Map(),
    get: (kvs, k) => kvs.get(k) ?? "",
    put: (kvs, k, v) => new Map(kvs).set(k, v),
  })
  .http({
    get: { on: "GET /{k}", ok: [200] },
    put: { on: "PUT /{k}", body: v, ok: [201], refused: [503] },
  });
`;

let folder = "";
let printed = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "wrong-programs-"));
  const files = Object.entries(wrong).map(([name, [line, instead]]) => {
    return [fileOf(name), right.replace(line, instead)] as const;
  });
  for (const [file, text] of [["right.ts", right] as const, ...files]) {
    await writeFile(join(folder, file), text);
  }
  const options = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
      paths: { "@heddle/mesh/contract": [join(root, "packages/mesh/src/contract/index.ts")] },
    },
    include: ["*.ts"],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(options));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const run = promisify(execFile)(process.execPath, [tsc, "-p", ".", "--pretty", "false"], {
    cwd: folder,
  });
  printed = await run.then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function fileOf(name: string): string {
  return `${name.replaceAll(" ", "-")}.ts`;
}

test("the slide's definition compiles", () => {
  expect(printed.split("\n").filter((line) => /^(right|\.\.|\/)/.test(line))).toEqual([]);
});

describe("a wrong program does not, and the compiler says why:", () => {
  test.each(Object.entries(wrong))("%s", (name, [, , says]) => {
    const [first] = printed.split("\n").filter((line) => line.startsWith(fileOf(name)));
    expect(first).toContain(says);
  });
});
