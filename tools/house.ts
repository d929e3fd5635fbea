/**
 * The plan of the house (ARCHITECTURE.md, "The house") as data, and an inspection of the source text against it.
 * `house.test.ts` runs it and shows that it fails on planted violations.
 */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize, relative } from "node:path";
import { type ReasonRow, reasons } from "@heddle/mesh/model/reason.ts";

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export interface House {
  /** TypeScript below packages/<name>/src, tests too. */
  readonly files: readonly SourceFile[];
  /** TypeScript elsewhere: tests with sockets, simulator, bench. They may use any room. */
  readonly users: readonly SourceFile[];
  /** Markdown. */
  readonly pages: readonly SourceFile[];
  /** Every path of the repository, to resolve links. */
  readonly paths: ReadonlySet<string>;
}

export interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly message: string;
}

/** Rooms of `mesh`, top to bottom: a room imports only itself and rooms before it. */
const meshRooms: readonly string[] = [
  "base",
  "model",
  "history",
  "contract",
  "telemetry",
  "filter",
  "balance",
  "policy",
  "snapshot",
  "route",
  "resource",
  "check",
  "net",
  "identity",
  "upstream",
  "relay",
  "discovery",
  "proxy",
];
/** Ground and first floor: pure, so that the dashboard and the simulator run the very same code. */
const pureRooms: ReadonlySet<string> = new Set(meshRooms.slice(0, meshRooms.indexOf("net")));
const controlRooms: ReadonlySet<string> = new Set([
  "manifest",
  "store",
  "ca",
  "status",
  "revision",
  "watch",
  "serve",
  "api",
  "host",
  "main.ts",
]);
const cliRooms: ReadonlySet<string> = new Set(["main.ts", "command", "check", "render", "api"]);

/** What the independent checkers may know: intent and histories, never the compiled form. */
const checkMayImport: ReadonlySet<string> = new Set([
  "base",
  "model",
  "history",
  "contract",
  "resource",
  "check",
]);

/** npm packages each package may import. */
const libraries: Readonly<Record<string, ReadonlySet<string>>> = {
  mesh: new Set(["valibot"]),
  control: new Set(["valibot", "yaml", "pino", "@peculiar/x509", "reflect-metadata"]),
  cli: new Set(["commander", "yaml"]),
};

/** Names that reach the world past a seam, and what to take instead. */
const bans: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\bDate\.now\b|\bnew Date\(\)/, instead: "the Clock passed in" },
  { pattern: /\bperformance\.now\b|\bhrtime\b/, instead: "the Clock passed in" },
  { pattern: /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b/, instead: "the Rng passed in" },
  {
    pattern: /\bset(Timeout|Interval|Immediate)\s*\(/,
    instead: "clock.after or the deadline wheel",
  },
  { pattern: /\bAbortSignal\.timeout\b/, instead: "the deadline wheel" },
  { pattern: /(?<![.\w])fetch\s*\(/, instead: "the Transport passed in" },
  {
    pattern: /from "node:(http|http2|https)"|import "node:(http|http2|https)"/,
    instead: "our own codecs",
  },
  { pattern: /(?<![.\w])console\./, instead: "the log passed in" },
];
/** The one file of each seam that does reach the world, and doors that are not the data path. */
const banExempt: readonly RegExp[] = [
  /^packages\/mesh\/src\/net\/system-[\w-]+\.ts$/,
  /^packages\/mesh\/src\/base\/system-[\w-]+\.ts$/,
  /^packages\/mesh\/src\/proxy\/(main|admin)\.ts$/,
];
const isSeamBound = (path: string) =>
  /^packages\/mesh\/src\//.test(path) ||
  /^packages\/control\/src\/(watch|status|revision)\//.test(path);

/** Entry points: programs and published entries, which nothing imports. */
const entries: readonly RegExp[] = [
  /^packages\/(control|cli)\/src\/main\.ts$/,
  /^packages\/mesh\/src\/proxy\/main\.ts$/,
];

/** Reads the repository at `root`. */
export async function readHouse(root: string): Promise<House> {
  const paths: string[] = [];
  const skipped = new Set(["node_modules", ".git", ".heddle", "dist", "results", "coverage"]);
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (skipped.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await walk(path);
      else paths.push(relative(root, path));
    }
  };
  await walk(root);
  paths.sort();
  const read = (wanted: readonly string[]) =>
    Promise.all(
      wanted.map(async (path) => ({ path, text: await readFile(join(root, path), "utf8") })),
    );
  return {
    files: await read(paths.filter((path) => /^packages\/[\w-]+\/src\/.*\.ts$/.test(path))),
    users: await read(
      paths.filter((path) => path.endsWith(".ts") && !/^packages\/[\w-]+\/src\//.test(path)),
    ),
    pages: await read(paths.filter((path) => path.endsWith(".md"))),
    paths: new Set(paths.flatMap((path) => [path, ...foldersOf(path)])),
  };
}

/** All departures from the plan. */
export function inspect(house: House): readonly Finding[] {
  const sources = house.files.filter((file) => !isTest(file.path));
  const known = new Set(sources.map((file) => file.path));
  const graph = new Map(sources.map((file) => [file.path, importsOf(file)] as const));
  const findings: Finding[] = [];
  for (const file of sources) {
    const add = (rule: string, message: string) =>
      findings.push({ rule, path: file.path, message });
    const place = placeOf(file.path);
    if (place === null) {
      add("rooms", "is in no room of the plan (tools/house.ts)");
      continue;
    }
    for (const target of graph.get(file.path) ?? []) inspectImport(place, target, add);
    inspectText(file, add);
  }
  findings.push(...cycles(graph, known), ...deadFiles(house, sources), ...inspectPages(house));
  return findings;
}

interface Place {
  readonly package: string;
  readonly room: string;
}

function placeOf(path: string): Place | null {
  const [, name = "", , room = ""] = path.split("/");
  const isKnown =
    (name === "mesh" && meshRooms.includes(room)) ||
    (name === "control" && controlRooms.has(room)) ||
    (name === "cli" && cliRooms.has(room));
  return isKnown ? { package: name, room } : null;
}

/** Import targets: a path from the root for our own files, else the specifier. */
function importsOf(file: SourceFile): readonly string[] {
  const targets: string[] = [];
  const pattern =
    /(?:^|[;}\s])(?:import|export)\s(?:[^"';]*?\sfrom\s*)?"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/g;
  for (const match of withoutComments(file.text).matchAll(pattern)) {
    const specifier = match[1] ?? match[2]!;
    if (specifier.startsWith(".")) {
      targets.push(normalize(join(dirname(file.path), specifier)).replaceAll("\\", "/"));
    } else {
      const ours = /^@heddle\/(\w+)\/(.+)$/.exec(specifier);
      targets.push(ours === null ? specifier : `packages/${ours[1]}/src/${ours[2]}`);
    }
  }
  return targets;
}

function inspectImport(
  from: Place,
  target: string,
  add: (rule: string, message: string) => void,
): void {
  if (target.startsWith("node:")) {
    if (from.package === "mesh" && pureRooms.has(from.room))
      add("pure floors", `imports ${target}`);
    return;
  }
  if (!target.startsWith("packages/")) {
    const library = target
      .split("/")
      .slice(0, target.startsWith("@") ? 2 : 1)
      .join("/");
    if (!libraries[from.package]?.has(library)) add("dependencies", `imports ${target}`);
    return;
  }
  const to = placeOf(target);
  if (to === null) {
    add("rooms", `imports ${target}, which is in no room`);
    return;
  }
  const order = ["mesh", "control", "cli"];
  if (order.indexOf(to.package) > order.indexOf(from.package)) add("layering", `imports ${target}`);
  if (from.package === "mesh" && to.package === "mesh") {
    const isAbove = meshRooms.indexOf(to.room) <= meshRooms.indexOf(from.room);
    if (!isAbove || (from.room === "check" && !checkMayImport.has(to.room)))
      add("layering", `imports ${target}`);
  }
  if (from.package === "control" && to.package === "control") {
    if (from.room === "host" && to.room !== "host")
      add("layering", `imports ${target}: the supervisor knows nothing else`);
    if (to.room === "main.ts") add("layering", `imports ${target}`);
  }
}

function inspectText(file: SourceFile, add: (rule: string, message: string) => void): void {
  const text = withoutComments(file.text);
  if (isSeamBound(file.path) && !banExempt.some((pattern) => pattern.test(file.path))) {
    for (const ban of bans) {
      const found = ban.pattern.exec(text);
      if (found !== null) add("bans", `uses ${found[0].trim()}: take ${ban.instead}`);
    }
  }
  const state =
    /^(?:export )?(?:let|var) .*$/m.exec(text) ??
    /^(?:export )?const \w+ = new (?:Map|Set|WeakMap|Array)\b.*$/m.exec(text);
  if (state !== null)
    add("module state", `\`${state[0].slice(0, 60)}\`: state hangs off an object its owner made`);
  const words = /\b(TODO|FIXME|XXX|HACK)\b/.exec(file.text);
  if (words !== null) add("words", `says ${words[0]}`);
  const lines = file.text.split("\n").length;
  if (lines > 700) add("size", `${lines} lines: a file is one idea`);
}

function cycles(
  graph: ReadonlyMap<string, readonly string[]>,
  known: ReadonlySet<string>,
): readonly Finding[] {
  const state = new Map<string, "open" | "done">();
  const findings: Finding[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === "done") return;
    if (state.get(path) === "open") {
      const ring = [...trail.slice(trail.indexOf(path)), path];
      findings.push({ rule: "cycles", path, message: ring.join(" → ") });
      return;
    }
    state.set(path, "open");
    for (const target of graph.get(path) ?? [])
      if (known.has(target)) visit(target, [...trail, path]);
    state.set(path, "done");
  };
  for (const path of graph.keys()) visit(path, []);
  return findings;
}

/** A file that only its own test uses is dead. */
function deadFiles(house: House, sources: readonly SourceFile[]): readonly Finding[] {
  const used = new Set<string>();
  for (const file of [...house.files, ...house.users]) {
    const tested = file.path.replace(/\.test\.ts$/, ".ts");
    for (const target of importsOf(file)) if (target !== tested) used.add(target);
  }
  return sources
    .filter((file) => !used.has(file.path) && !entries.some((pattern) => pattern.test(file.path)))
    .map((file) => ({ rule: "dead files", path: file.path, message: "nothing imports it" }));
}

function inspectPages(house: House): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [reason, row] of Object.entries(reasons)) {
    const path = `docs/reasons/${reason}.md`;
    const page = house.pages.find((candidate) => candidate.path === path);
    if (page === undefined)
      findings.push({ rule: "reasons", path, message: "the page is missing" });
    else if (!page.text.includes(reasonCells(row))) {
      findings.push({ rule: "reasons", path, message: `its table must say "${reasonCells(row)}"` });
    }
  }
  for (const page of house.pages) {
    for (const match of page.text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      const target = match[1]!;
      if (/^[a-z]+:/.test(target)) continue;
      const path = normalize(join(dirname(page.path), target)).replace(/\/$/, "");
      if (!house.paths.has(path))
        findings.push({ rule: "links", path: page.path, message: `${target} leads nowhere` });
    }
  }
  return findings;
}

/** How a reason's page must begin its table row: the page cannot drift from the table. */
function reasonCells(row: ReasonRow): string {
  return `| ${row.status || "none"} | ${row.grpc} | ${row.flag ?? "none"} | ${row.processed === "final" ? "no, and final" : row.processed}:`;
}

function isTest(path: string): boolean {
  return /\.test\.ts$|\.fixture\.ts$|-suite\.ts$|\/testing\//.test(path);
}

function foldersOf(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}
