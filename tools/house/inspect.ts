import { dirname, join, normalize } from "node:path";
import {
  banExempt,
  bans,
  checkMayImport,
  cliRooms,
  controlRooms,
  entries,
  isCompiler,
  isSeamBound,
  libraries,
  meshRooms,
  pureRooms,
} from "../house.ts";
import type { Finding } from "./finding.ts";
import { inspectPages } from "./pages.ts";
import type { House, SourceFile } from "./read.ts";

/**
 * All departures from the plan, found in the source text. `house.test.ts` shows that it fails on planted violations.
 */
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
    const isBarred = !checkMayImport.has(to.room) || isCompiler.test(target);
    if (!isAbove || (from.room === "check" && isBarred)) add("layering", `imports ${target}`);
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

function isTest(path: string): boolean {
  return /\.test\.ts$|\.fixture\.ts$|-suite\.ts$|\/testing\//.test(path);
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}
