import { randomBytes, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@heddle/mesh/base/log.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { leafValidity, parseCertificates } from "@heddle/mesh/identity/certificate.ts";
import { generateKey } from "@heddle/mesh/identity/key.ts";
import { Rotation } from "@heddle/mesh/identity/rotate.ts";
import { makePeerVerifier } from "@heddle/mesh/identity/verify-peer.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import { expect, test } from "vitest";
import { Authority, createRoot } from "./authority.ts";
import { openRoot } from "./root-folder.ts";

const id = "spiffe://heddle.local/ns/default/sa/kvs" as SpiffeId;
const hourMs = 3_600_000;

async function authority(clock: VirtualClock, trustDomain = "heddle.local") {
  const root = await createRoot({ clock, randomBytes, trustDomain });
  return new Authority({ root, clock, randomBytes });
}

function verifierOf(ca: Authority, clock: VirtualClock, denied = new Set<string>()) {
  return makePeerVerifier({
    bundlePem: () => ca.bundlePem,
    trustDomain: "heddle.local",
    clock,
    denied,
  });
}

const der = (pem: string) => parseCertificates(pem).map((certificate) => certificate.raw);

test("a leaf is an X.509 SVID: one URI, no subject, not an authority, 24 h and 20 s back", async () => {
  const clock = new VirtualClock();
  const ca = await authority(clock);
  const leaf = new X509Certificate(await ca.issue(id, (await generateKey()).publicPem));
  expect(leaf.subjectAltName).toBe(`URI:${id}`);
  expect(leaf.subject ?? "").toBe("");
  expect(leaf.ca).toBe(false);
  expect(leaf.validFromDate.getTime()).toBe(clock.wallMs() - 20_000);
  expect(leaf.validToDate.getTime()).toBe(clock.wallMs() + 24 * hourMs);
});

test("a leaf is believed by those who trust its root, while it is good", async () => {
  const clock = new VirtualClock();
  const ca = await authority(clock);
  const chain = der(await ca.issue(id, (await generateKey()).publicPem));
  expect(verifierOf(ca, clock)(chain)).toEqual({ ok: true, id });
  clock.advance(24 * hourMs - 1);
  expect(verifierOf(ca, clock)(chain).ok).toBe(true);
  clock.advance(2);
  expect(verifierOf(ca, clock)(chain).ok).toBe(false);
});

test("nobody else is believed", async () => {
  const clock = new VirtualClock();
  const ca = await authority(clock);
  const other = await authority(clock);
  const key = await generateKey();
  const good = der(await ca.issue(id, key.publicPem));
  const foreign = "spiffe://elsewhere/ns/default/sa/kvs" as SpiffeId;
  const refusals = [
    ["no certificate", []],
    ["no path", der(await other.issue(id, key.publicPem))],
    ["foreign id", der(await ca.issue(foreign, key.publicPem))],
    ["authority", der(ca.bundlePem)],
    ["malformed", [new Uint8Array([1, 2, 3])]],
    ["no path", [...der(await other.issue(id, key.publicPem)), ...der(other.bundlePem)]],
  ] as const;
  for (const [words, chain] of refusals) {
    const verdict = verifierOf(ca, clock)(chain);
    expect(verdict).toMatchObject({ ok: false, detail: expect.stringContaining(words) });
  }
  const denied = new Set([id as string]);
  expect(verifierOf(ca, clock, denied)(good)).toMatchObject({ ok: false });
});

test("a clock that is 20 s behind believes a fresh leaf, one that is further behind does not", async () => {
  const clock = new VirtualClock();
  const ca = await authority(clock);
  const chain = der(await ca.issue(id, (await generateKey()).publicPem));
  const behind = (ms: number) => verifierOf(ca, new VirtualClock(clock.wallMs() - ms));
  expect(behind(39_000)(chain).ok).toBe(true); // 20 s from the authority, 20 s from the verifier
  expect(behind(41_000)(chain).ok).toBe(false);
});

test("signs no key but P-256", async () => {
  const ca = await authority(new VirtualClock());
  await expect(ca.issue(id, "nonsense")).rejects.toThrow();
});

test("a year of renewals: never a moment without a good leaf, each at 65 to 70 % of the last", async () => {
  const clock = new VirtualClock();
  const ca = await authority(clock);
  const verify = verifierOf(ca, clock);
  const key = await generateKey();
  let chainPem = await ca.issue(id, key.publicPem);
  let renewals = 0;
  let failing = 0;
  let attempt: Promise<unknown> = Promise.resolve();
  const shares: number[] = [];
  const renew = async () => {
    if (failing-- > 0) throw new Error("no control plane");
    failing = renewals % 7 === 0 ? 5 : 0; // every seventh time it takes six attempts
    const old = leafValidity(chainPem);
    shares.push((clock.wallMs() - old.notBeforeMs) / (old.notAfterMs - old.notBeforeMs));
    chainPem = await ca.issue(id, key.publicPem);
    renewals++;
    return leafValidity(chainPem);
  };
  const rotation = new Rotation({
    clock,
    rng: new SeededRng(1),
    log: silentLog,
    renew: () => {
      const tried = renew();
      attempt = tried.catch(() => {});
      return tried;
    },
  });
  rotation.follow(leafValidity(chainPem));
  const endMs = clock.monotonicMs() + 365 * 24 * hourMs;
  let verifiedMs = 0;
  while (clock.monotonicMs() < endMs) {
    const before = renewals;
    clock.step();
    await attempt;
    await null; // the rotation follows what the attempt brought
    if (renewals === before && clock.monotonicMs() < verifiedMs + 4 * hourMs) continue;
    verifiedMs = clock.monotonicMs();
    expect(verify(der(chainPem)).ok).toBe(true);
  }
  rotation.close();
  expect(renewals).toBeGreaterThan(515);
  expect(Math.min(...shares)).toBeGreaterThan(0.64);
  expect(Math.max(...shares)).toBeLessThan(0.71);
}, 60_000);

test("the root is made once, readable by its owner only, and found again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "heddle-ca-"));
  const clock = new VirtualClock();
  const make = () => createRoot({ clock, randomBytes, trustDomain: "heddle.local" });
  const first = await openRoot(join(folder, "ca"), make);
  const second = await openRoot(join(folder, "ca"), make);
  expect(first.isNew).toBe(true);
  expect(second).toEqual({ root: first.root, isNew: false });
  const path = join(folder, "ca", "root.json");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, "utf8")).toContain("PRIVATE KEY");
  rmSync(folder, { recursive: true });
});

test("a root that is not whole is said to be damaged, without a word of what it holds", async () => {
  const folder = mkdtempSync(join(tmpdir(), "heddle-ca-"));
  const clock = new VirtualClock();
  const make = () => createRoot({ clock, randomBytes, trustDomain: "heddle.local" });
  const path = join(folder, "root.json");
  const [one, other] = [await make(), await make()];
  const whole = JSON.stringify(one);
  for (const text of ["", "{}", whole.slice(0, 90), `${whole}x`]) {
    writeFileSync(path, text);
    const error = await openRoot(folder, make).catch((thrown: Error) => thrown);
    expect((error as Error).message).toMatch(/root\.json is damaged \(.*\): put a good copy/);
    expect((error as Error).message).not.toContain("BEGIN");
  }
  writeFileSync(path, JSON.stringify({ ...one, keyPem: other.keyPem }));
  await expect(openRoot(folder, make)).rejects.toThrow("the key is not that of the certificate");
  rmSync(folder, { recursive: true });
});
