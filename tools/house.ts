/** The plan of the house (ARCHITECTURE.md, "The house") as data; `house/inspect.ts` holds the sources to it. */

/** Rooms of `mesh`, top to bottom: a room imports only itself and rooms before it. */
export const meshRooms: readonly string[] = [
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
export const pureRooms: ReadonlySet<string> = new Set(meshRooms.slice(0, meshRooms.indexOf("net")));
export const controlRooms: ReadonlySet<string> = new Set([
  "manifest",
  "store",
  "ca",
  "status",
  "revision",
  "recording",
  "watch",
  "plan",
  "rollout",
  "serve",
  "api",
  "host",
  "main.ts",
]);
export const cliRooms: ReadonlySet<string> = new Set([
  "main.ts",
  "command",
  "check",
  "render",
  "api",
  "drive",
]);

/** What the independent checkers may know: intent and histories, never the compiled form. */
export const checkMayImport: ReadonlySet<string> = new Set([
  "base",
  "model",
  "history",
  "contract",
  "resource",
  "check",
]);

/** Of room `resource` they may know the schemas, not what is made of them. */
export const isCompiler = /\/resource\/compile(\/|\.ts$)/;

/** npm packages each package may import. */
export const libraries: Readonly<Record<string, ReadonlySet<string>>> = {
  mesh: new Set(["valibot"]),
  control: new Set(["valibot", "yaml", "pino", "@peculiar/x509", "reflect-metadata"]),
  cli: new Set(["commander", "yaml"]),
};

/** Names that reach the world past a seam, and what to take instead. */
export const bans: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
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
export const banExempt: readonly RegExp[] = [
  /^packages\/mesh\/src\/net\/system-[\w-]+\.ts$/,
  /^packages\/mesh\/src\/base\/system-[\w-]+\.ts$/,
  /^packages\/mesh\/src\/proxy\/(main|admin)\.ts$/,
];
export const isSeamBound = (path: string) =>
  /^packages\/mesh\/src\//.test(path) ||
  /^packages\/control\/src\/(watch|status|revision)\//.test(path);

/** Entry points: programs and published entries, which nothing imports. */
export const entries: readonly RegExp[] = [
  /^packages\/(control|cli)\/src\/main\.ts$/,
  /^packages\/mesh\/src\/proxy\/main\.ts$/,
];
