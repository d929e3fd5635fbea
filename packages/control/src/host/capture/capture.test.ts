import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CaptureSpec } from "../link.ts";
import { SocketTable } from "../socket-table.ts";
import { Capture, sweepCapture } from "./capture.ts";
import { findNft } from "./nft.ts";
import { formatObstacle, obstacleToCapture } from "./obstacle.ts";
import { type CapturePlace, capturePlace, findCgroupRoot } from "./place.ts";

const obstacle = await obstacleToCapture();
const why = obstacle === null ? "" : ` (SKIPPED, for here ${formatObstacle(obstacle)})`;
const names = { tcp: "names/tcp", udp: "names/udp" };
const spec: CaptureSpec = {
  redirects: [{ address: "127.200.0.1", port: 80, socket: "kvs:80" }],
  names,
};

describe.skipIf(obstacle !== null)(`rules of captured workloads${why}`, () => {
  let stateDir: string;
  let place: CapturePlace;
  let clock: VirtualClock;
  let sockets: SocketTable;
  let capture: Capture;
  let problems: string[];
  const noPause = () => new Promise<void>((resolve) => setImmediate(resolve));

  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), "heddle-capture-"));
    place = capturePlace(stateDir, findCgroupRoot()!);
    clock = new VirtualClock();
    let port = 40_000;
    sockets = new SocketTable(() => ({ port: ++port, handle: null, close: () => undefined }));
    bind(names.tcp, names.udp, "kvs:80");
    problems = [];
    capture = build();
  });
  afterEach(async () => {
    await capture.close();
    rmSync(stateDir, { recursive: true, force: true });
  });

  function build(): Capture {
    const onProblem = (message: string) => problems.push(message);
    return new Capture({ stateDir, sockets, clock, onPlace: () => undefined, onProblem });
  }

  function bind(...bound: readonly string[]): void {
    sockets.apply(bound.map((name) => ({ name, host: "127.0.0.1", port: 0 })));
  }

  /** The table, as the kernel has it; null: it has none. */
  function rules(): string | null {
    const argv = ["list", "table", "inet", place.table];
    const { status, stdout } = spawnSync(findNft()!, argv, { encoding: "utf8" });
    return status === 0 ? stdout : null;
  }

  async function until(isSo: () => boolean): Promise<void> {
    for (let look = 0; look < 1000 && !isSo(); look++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(isSo()).toBe(true);
  }

  test("are there when a workload may start, and gone when the last one is gone", async () => {
    expect(await capture.enter("a-1", spec)).toMatchObject({ argv: expect.any(Array) });
    await capture.enter("b-2", spec);
    expect(rules()).toContain("127.200.0.1 . 80 : 127.0.0.1 . 40003");
    expect(rules()).toContain(`${place.path}/w_b_2`);
    await capture.leave("a-1");
    expect(rules()).not.toContain("w_a_1");
    expect(existsSync(join(place.folder, "w_a_1"))).toBe(false);
    await capture.leave("b-2");
    expect(rules()).toBeNull();
  });

  test("follow services and sockets that come and go", async () => {
    await capture.enter("a", spec);
    const more = { address: "127.200.0.2", port: 81, socket: "new:81" };
    capture.update("a", { names, redirects: [...spec.redirects, more] });
    expect(rules()).not.toContain("127.200.0.2"); // its socket is not bound
    bind(names.tcp, names.udp, "kvs:80", "new:81");
    capture.refresh();
    await until(() => rules()?.includes("127.200.0.2 . 81 : 127.0.0.1 . 40004") === true);
  });

  test("are made again, and that is said, when somebody took them away", async () => {
    await capture.enter("a", spec);
    spawnSync(findNft()!, ["delete", "table", "inet", place.table]);
    expect(rules()).toBeNull();
    clock.advance(5000);
    await until(() => rules() !== null);
    expect(problems).toEqual(["capture: its rules were taken away; they are made again"]);
  });

  test("a workload whose names nobody could answer does not start", async () => {
    bind("kvs:80");
    expect(await capture.enter("a", spec)).toEqual({
      problem: "capture: no socket names/tcp yet",
    });
    expect(rules()).toBeNull();
  });

  test("what a killed supervisor left is taken away by whoever comes next", async () => {
    await capture.enter("a", spec);
    expect(rules()).not.toBeNull();
    expect(await sweepCapture(stateDir, noPause)).toBeNull();
    expect(rules()).toBeNull();
    expect(existsSync(place.folder)).toBe(false);
    expect(await sweepCapture(stateDir, noPause)).toBeNull();
  });
});
