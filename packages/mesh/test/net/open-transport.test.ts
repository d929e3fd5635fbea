import { execFile } from "node:child_process";
import { expect, test } from "vitest";
import { openTransport } from "../../src/net/open-transport.ts";
import type { RawBinding } from "../../src/net/raw/binding.ts";
import { loadRawBinding } from "../../src/net/raw/binding.ts";
import { RawHost } from "../../src/net/raw/host.ts";
import { RawTransport } from "../../src/net/raw/transport.ts";
import { SystemClock } from "../../src/net/system-clock.ts";
import { tryOut } from "../../src/net/trial.ts";

const clock = new SystemClock();

test("raw handles pass their trial on the pinned Node", async () => {
  const opened = await openTransport({ clock });
  expect(opened.detail).toBe(null);
  expect(opened.backEnd).toBe("raw");
});

test("raw handles that passed before are not tried again", async () => {
  const never = {
    monotonicMs: () => 0,
    wallMs: () => 0,
    after: () => expect.unreachable("a trial bounds itself in time"),
  };
  const opened = await openTransport({ clock: never, hasPassed: true });
  expect(opened.backEnd).toBe("raw");
});

test("the trial prints no warning, even where deprecations are shown, and lets the process end", async () => {
  const file = (name: string) => new URL(`../../src/net/${name}.ts`, import.meta.url).href;
  const script = `
    import { openTransport } from "${file("open-transport")}";
    import { SystemClock } from "${file("system-clock")}";
    console.log((await openTransport({ clock: new SystemClock() })).backEnd);`;
  const output = await new Promise<string[]>((resolve, reject) => {
    const args = ["--pending-deprecation", "--input-type=module-typescript", "-e", script];
    execFile(process.execPath, args, { timeout: 20_000 }, (error, stdout, stderr) =>
      error === null ? resolve([stdout, stderr]) : reject(error),
    );
  });
  expect(output).toEqual(["raw\n", ""]);
});

test("the trial finds a transport that writes through a buffer it goes on using", async () => {
  const binding = loadRawBinding()!;
  const giveAway = RawHost.prototype.giveAway;
  RawHost.prototype.giveAway = () => {}; // planted: the slow reader's bytes are overwritten
  try {
    const problem = await tryOut(new RawTransport(binding, { clock }), clock);
    expect(problem).toBe("bytes arrived changed");
  } finally {
    RawHost.prototype.giveAway = giveAway;
  }
});

test("handles that make no requests of their own, as before Node 26, pass too", async () => {
  const binding = loadRawBinding()!;
  const older: RawBinding = { ...binding, writeErrorIndex: -1 };
  expect(await tryOut(new RawTransport(older, { clock }), clock)).toBe(null);
});
