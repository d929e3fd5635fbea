/**
 * Makes `dist/proxy.mjs`, the one file a proxy runs from: type stripping would cost each proxy 39 MB.
 *
 *   node tools/bundle-proxy.mjs [--force]
 *
 * Skipped, within a few milliseconds, when the bundle is newer than every source. Prints the bundle's path.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(root, "packages", "mesh", "src");
const output = join(root, "dist", "proxy.mjs");

/** The bundle's path, made anew where a source is newer. */
export async function bundleProxy(isForced = false) {
  const own = statSync(fileURLToPath(import.meta.url)).mtimeMs;
  if (!isForced && Math.max(own, newest(sources)) < timeOf(output)) return output;
  const { rolldown } = await import("rolldown");
  const bundle = await rolldown({
    input: join(sources, "proxy", "main.ts"),
    platform: "node",
    external: [/^node:/],
    treeshake: true,
    plugins: [{ name: "lean-builtins", renderChunk: (code) => takeBuiltins(code) }],
  });
  // Two that build at once must not see half of each other's file.
  const draft = `${output}.${process.pid}`;
  mkdirSync(dirname(output), { recursive: true });
  try {
    await bundle.write({ file: draft, format: "esm", codeSplitting: false, comments: false });
    renameSync(draft, output);
  } finally {
    await bundle.close();
    rmSync(draft, { force: true });
  }
  return output;
}

/**
 * An import of one of Node's modules reads all its exports, and with them loads what nobody asked for, WebCrypto for
 * example: 10 ms of CPU at each start of a proxy. Taking the module does not.
 */
function takeBuiltins(code) {
  return code.replace(
    /^import \{([^}]*)\} from "(node:[^"]+)";$/gm,
    (_, names, module) =>
      `const {${names.replaceAll(" as ", ": ")}} = process.getBuiltinModule("${module}");`,
  );
}

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || entry.name.endsWith(".test.ts")) continue;
    latest = Math.max(latest, timeOf(join(entry.parentPath, entry.name)));
  }
  return latest;
}

function timeOf(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(`${await bundleProxy(process.argv.includes("--force"))}\n`);
}
