import { spawn } from "node:child_process";
import { createServer } from "node:net";
import type { Clock } from "@heddle/mesh/base/clock.ts";
import { enterCgroupArgv, makeCgroup, removeCgroup } from "./cgroup.ts";
import { applyRuleset, findNft } from "./nft.ts";
import { type Obstacle, obstacleToCapture } from "./obstacle.ts";
import { findCgroupRoot, placeOf } from "./place.ts";
import { formatRemoval, formatRuleset } from "./ruleset.ts";

/** The trial's connection takes some 100 ms; beyond this it is given up, in ms. */
const trialMs = 5000;
/** Of the range of services' addresses, and given to none. */
const address = "127.255.0.1";

/**
 * Captures a process of its own and sees whether its connection arrives: a kernel may take every rule and not act on one.
 * Null, or what is in the way. Leaves nothing behind.
 */
export async function tryCapture(clock: Clock): Promise<Obstacle | null> {
  const missing = await obstacleToCapture();
  if (missing !== null) return missing;
  const nft = findNft()!;
  const place = placeOf(`heddle_trial_${process.pid}`, findCgroupRoot()!);
  const pause = (delayMs: number) => new Promise<void>((resolve) => clock.after(delayMs, resolve));
  const cure = "the kernel needs nf_tables, nft_nat, nft_socket and nft_reject (5.13 or later)";
  try {
    const folder = `${place.folder}/w_trial`;
    makeCgroup(folder);
    const { promise, port, close } = await waitForConnection(clock);
    const workload = {
      name: "w_trial",
      redirects: [{ address, port: 1, to: port }],
      names: { tcp: port, udp: port },
    };
    const refused = await applyRuleset(nft, formatRuleset(place, [workload]));
    if (refused !== null) {
      close();
      return { problem: refused, cure };
    }
    const [program = "", ...argv] = [
      ...enterCgroupArgv(folder),
      process.execPath,
      "-e",
      `require("node:net").connect(1, "${address}")`,
    ];
    const child = spawn(program, argv, { stdio: "ignore" });
    const hasArrived = await promise;
    child.kill("SIGKILL");
    close();
    const problem = "the kernel takes the rules, and a captured connection does not arrive";
    return hasArrived ? null : { problem, cure };
  } catch (error) {
    return { problem: (error as Error).message, cure };
  } finally {
    await applyRuleset(nft, formatRemoval(place));
    await removeCgroup(place.folder, pause);
  }
}

async function waitForConnection(clock: Clock) {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = clock.after(trialMs, () => resolve(false));
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.destroy();
    resolve(true);
  });
  await new Promise<void>((listening, failed) => {
    server.once("error", failed);
    server.listen(0, "127.0.0.1", listening);
  });
  const { port } = server.address() as { port: number };
  const close = () => {
    timer.cancel();
    server.close();
  };
  return { promise, port, close };
}
