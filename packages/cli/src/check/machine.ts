import { accessSync, constants, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { totalmem } from "node:os";
import { detoursOfNames } from "@heddle/control/host/capture/obstacle.ts";
import { tryCapture } from "@heddle/control/host/capture/trial.ts";
import type { Platform } from "@heddle/control/host/platform.ts";
import { loadRawBinding } from "@heddle/mesh/net/raw/binding.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import { bad, type Finding, good, warning } from "./finding.ts";

/** Node's first major version that heddle runs on. */
const NODE_MIN = 24;
/** With less, changes of intent and new certificates may not be written, in MB. */
const DISK_MB_MIN = 32;

/** Can a mesh run on this machine? `folder` is where its state would be. */
export async function checkMachine(
  platform: Platform,
  folder: string,
): Promise<readonly Finding[]> {
  return [
    checkNode(),
    checkSystem(),
    checkHandles(),
    checkDeathSignal(platform),
    checkFolder(folder),
    checkDisk(folder),
    await checkLoopback(),
    checkMemory(),
    ...(await checkCapture()),
  ];
}

function checkNode(): Finding {
  const { node } = process.versions;
  const name = `Node is ${NODE_MIN} or later`;
  return Number(node.split(".")[0]) >= NODE_MIN
    ? good(name, node)
    : bad(name, node, "install Node 26: https://nodejs.org");
}

function checkSystem(): Finding {
  const name = "the system is supported";
  const detail = `${process.platform} ${process.arch}`;
  if (process.platform === "linux") return good(name, detail);
  if (process.platform === "darwin") return good(name, `${detail}, second tier`);
  return bad(name, detail, "on Windows, run heddle in WSL");
}

function checkHandles(): Finding {
  const name = "sockets can be passed to other processes";
  return loadRawBinding() === null
    ? bad(name, "this Node gives no access to socket handles", "use Node itself, version 24 to 26")
    : good(name);
}

function checkDeathSignal(platform: Platform): Finding {
  const name = "applications end with their supervisor";
  return platform.deathSignalArgv.length > 0
    ? good(name, "by the kernel (setpriv) and by a watcher")
    : warning(name, "by a watcher alone", "install util-linux, for setpriv");
}

function checkFolder(folder: string): Finding {
  const name = "the state folder can be written";
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return good(name, folder);
  } catch (error) {
    return bad(name, (error as Error).message, `chmod u+rwx ${folder}`);
  }
}

function checkDisk(folder: string): Finding {
  const name = "the disk has room for state and logs";
  const { bavail, bsize } = statfsSync(folder);
  const megabytes = Math.floor((bavail * bsize) / 2 ** 20);
  return megabytes >= DISK_MB_MIN
    ? good(name, `${megabytes.toLocaleString("en")} MB`)
    : bad(name, `${megabytes} MB in ${folder}`, `du -sh ${folder}/*`);
}

async function checkLoopback(): Promise<Finding> {
  const name = "127.0.0.1 can be listened on";
  const failure = await new Promise<Error | null>((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ host: "127.0.0.1", port: 0 }, () => server.close(() => resolve(null)));
  });
  return failure === null ? good(name) : bad(name, failure.message, "bring the interface lo up");
}

function checkMemory(): Finding {
  const name = "there is memory for a few processes";
  const gigabytes = totalmem() / 2 ** 30;
  const detail = `${gigabytes.toFixed(1)} GB`;
  return gigabytes >= 1
    ? good(name, detail)
    : warning(name, detail, "each workload's proxy takes about 25 MB, the control plane 100 MB");
}

/** Of interest where it can be had at all: to root on Linux. */
async function checkCapture(): Promise<readonly Finding[]> {
  if (process.platform !== "linux" || process.geteuid?.() !== 0) return [];
  const name = "processes can be captured (capture: transparent)";
  const obstacle = await tryCapture(new SystemClock());
  if (obstacle !== null) return [warning(name, obstacle.problem, obstacle.cure)];
  const [detour] = detoursOfNames();
  return [detour === undefined ? good(name) : warning(name, detour, "see docs/capture.md")];
}
