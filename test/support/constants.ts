import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const packages = join(import.meta.dirname, "..", "..", "packages");
const number = String.raw`\d[\d_]*(?:\.\d+)?`;
const product = `${number}(?: ?(?:\\*|<<) ?${number})*`;

/** The product's own sources, by path below `packages/`; no tests, and nothing that only tests import. */
export function readSources(): ReadonlyMap<string, string> {
  const paths = ["mesh", "control", "cli"].flatMap((name) =>
    readdirSync(join(packages, name, "src"), { recursive: true, encoding: "utf8" }).map(
      (path) => `${name}/src/${path}`,
    ),
  );
  const isOurs = (path: string) =>
    /\.ts$/.test(path) && !/\.(test|fixture)\.ts$|\/testing\/|\/simulated|-suite\.ts$/.test(path);
  return new Map(
    paths.filter(isOurs).map((path) => [path, readFileSync(join(packages, path), "utf8")]),
  );
}

/**
 * The numbers that a source gives to a name: as a constant, a member, a schema's default, where nothing was given (`??`), or in a
 * flag.
 */
export function numbersOf(name: string, source: string): readonly number[] {
  const forms = [
    `const ${name}(?:: number)? = (${product});`,
    `\\b${name}: (${product})(?:,| \\})`,
    `\\b${name}: defaulted\\(.*?, (${product})\\),\n`,
    `\\b${name} \\?\\? (${product})`,
    `\\b${name} \\?\\? (${product})\\)`,
    `Math\\.max\\(1, options\\.${name} \\?\\? (${product})\\)`,
    `--${name}=(${product})`,
  ];
  return forms.flatMap((form) =>
    [...source.matchAll(new RegExp(form, "g"))].map((match) => evaluate(match[1]!)),
  );
}

/** Names of a source's limits: constants and members of `default…Limits` that are numbers with a unit in their name. */
export function limitsOf(source: string): readonly string[] {
  const unit = "(?:Ms|_MS|Max|_MAX|Ratio|Attempts|_ATTEMPTS|Intervals|TRIES|BACKLOG|MARGIN)";
  const constants = source.matchAll(
    new RegExp(`^(?:export )?const (\\w*${unit})(?:: number)? = ${number}`, "gm"),
  );
  const tables = [...source.matchAll(/const default\w+: \w+(?:Limits|PolicyDoc) = \{([^}]*)\}/g)];
  const members = tables.flatMap((table) => [
    ...table[1]!.matchAll(new RegExp(`(\\w+): ${number}`, "g")),
  ]);
  const names = [...constants, ...members].map((match) => match[1]!);
  return names.filter((name) => name !== "DAY_MS"); // a unit, not a limit
}

/** `16 << 20`, `24 * 3_600_000`, `0.7`. */
function evaluate(text: string): number {
  const [first, ...rest] = text.split(/ ?(\*|<<) ?/);
  let value = toNumber(first!);
  for (let index = 0; index < rest.length; index += 2) {
    const by = toNumber(rest[index + 1]!);
    value = rest[index] === "*" ? value * by : value * 2 ** by;
  }
  return value;
}

const toNumber = (text: string) => Number(text.replaceAll("_", ""));
