import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * argv of the control plane and of proxies. A small heap, for a proxy's garbage is short-lived: the default semi-space
 * lets a busy proxy grow to 142 MB, 2 MB keeps it at 41.
 */
export interface Programs {
  readonly control: readonly string[];
  readonly proxy: readonly string[];
}

const quiet = "--disable-warning=ExperimentalWarning";

/** The programs of this installation. The bundle is preferred for proxies: type stripping costs 39 MB a process. */
export function findPrograms(): Programs {
  const control = fileURLToPath(import.meta.resolve("@heddle/control/main.ts"));
  const bundle = fileURLToPath(new URL("../../../../dist/proxy.mjs", import.meta.url));
  const source = fileURLToPath(import.meta.resolve("@heddle/mesh/proxy/main.ts"));
  const heap = ["--max-semi-space-size=2", "--max-old-space-size=256"];
  return {
    control: [process.execPath, quiet, control],
    proxy: [process.execPath, quiet, ...heap, existsSync(bundle) ? bundle : source],
  };
}
