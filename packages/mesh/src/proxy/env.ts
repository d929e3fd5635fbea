/** How a proxy was started; parsed once, here. */
export type ProxyArguments =
  /** From documents on disk, with no control plane (Walk). */
  | { readonly mode: "file"; readonly path: string; readonly stateDir: string | null }
  /** By a supervisor, which speaks over IPC. */
  | { readonly mode: "host" };

export const usage = `usage: proxy --config <file or folder> [--state <folder>]
       proxy --host        (started by a supervisor, over IPC)`;

/** The arguments, or what is wrong with them. */
export function parseArguments(argv: readonly string[]): ProxyArguments | string {
  let path: string | null = null;
  let stateDir: string | null = null;
  let isHost = false;
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index]!;
    switch (argument) {
      case "--host":
        isHost = true;
        break;
      case "--config":
      case "--state": {
        const value = argv[++index];
        if (value === undefined) return `${argument} needs a value`;
        if (argument === "--config") path = value;
        else stateDir = value;
        break;
      }
      default:
        return `unknown argument ${argument}`;
    }
  }
  if (isHost === (path !== null)) return "expected one of --config and --host";
  return path === null ? { mode: "host" } : { mode: "file", path, stateDir };
}
