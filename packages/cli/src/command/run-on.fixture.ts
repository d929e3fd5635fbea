import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { buildStyle } from "../render/style.ts";
import { run } from "./program.ts";

/** What a command line came to. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line as somebody without a terminal would, on the mesh of this state folder. */
export async function runOn(
  folder: string,
  argv: readonly string[],
  clock: VirtualClock = new VirtualClock(),
): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = (texts: string[]) => ({
    isTerminal: false,
    columns: 100,
    style: buildStyle(false),
    write: (text: string) => void texts.push(text),
  });
  const world = {
    out: terminal(out),
    err: terminal(err),
    env: { HEDDLE_MESH: folder },
    cwd: folder,
    clock,
    program: "heddle",
    programPath: "heddle",
    author: "dana",
  };
  const before = process.exitCode;
  process.exitCode = 0;
  const code = await run(world, argv);
  process.exitCode = before;
  return { code, out: out.join(""), err: err.join("") };
}
