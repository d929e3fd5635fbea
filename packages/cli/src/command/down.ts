import { relative } from "node:path";
import { sweepCapture } from "@heddle/control/host/capture/capture.ts";
import { Command } from "commander";
import { DoorClient } from "../api/door-client.ts";
import { deleteState } from "../api/state-folder.ts";
import { exits, Fault } from "../render/fault.ts";
import { formatSeconds } from "../render/time.ts";
import { type MeshOptions, withExamples, withMesh } from "./options.ts";
import { meshOf, type World } from "./world.ts";

/** The supervisor promises 5 s; then something is wrong, in ms. */
const PATIENCE_MS = 15_000;

export function downCommand(world: World): Command {
  const command = new Command("down")
    .description("stop a mesh; its state stays")
    .option("-v, --volumes", "delete its state too: store, certificates, logs")
    .action(async (options: MeshOptions & { readonly volumes?: boolean }) => {
      const stateDir = await meshOf(world, options);
      const startMs = world.clock.monotonicMs();
      const isStopped = await stop(world, stateDir);
      const tookMs = world.clock.monotonicMs() - startMs;
      if (isStopped) world.out.write(`Stopped in ${formatSeconds(tookMs)}.\n`);
      else if (options.volumes !== true) world.out.write("It was not running.\n");
      if (!isStopped) await sweep(world, stateDir);
      if (options.volumes !== true) return;
      deleteState(stateDir);
      world.out.write(`Deleted ${relative(world.cwd, stateDir)}.\n`);
    });
  return withExamples(withMesh(command), [
    ["heddle down", "stop; heddle up starts it again as it was"],
    ["heddle down -v", "stop, and forget everything"],
  ]);
}

/** A supervisor that was killed may have left rules for captured processes in the kernel. */
async function sweep(world: World, stateDir: string): Promise<void> {
  const pause = (delayMs: number) =>
    new Promise<void>((resolve) => world.clock.after(delayMs, resolve));
  const problem = await sweepCapture(stateDir, pause);
  if (problem === null) return;
  throw new Fault(exits.no, `rules of captured processes are still there: ${problem}`);
}

async function stop(world: World, stateDir: string): Promise<boolean> {
  let door: DoorClient;
  try {
    door = await DoorClient.open(stateDir);
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
  const ended = door.ended();
  await door.ask({ verb: "down" }).catch(() => undefined); // it may end before it answers
  const isOver = await new Promise<boolean>((resolve) => {
    const timer = world.clock.after(PATIENCE_MS, () => resolve(false));
    void ended.then(() => {
      timer.cancel();
      resolve(true);
    });
  });
  if (isOver) return true;
  door.close();
  throw new Fault(
    exits.no,
    `the supervisor (pid ${door.record.pid}) has not ended after ${PATIENCE_MS / 1000} s`,
    `kill -9 ${door.record.pid}     (what it started ends with it)`,
  );
}
