import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@heddle/mesh/base/log.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { Membership } from "@heddle/mesh/discovery/membership.ts";
import { enrolAlpn } from "@heddle/mesh/discovery/protocol.ts";
import { leafValidity } from "@heddle/mesh/identity/certificate.ts";
import { GenerationFolder } from "@heddle/mesh/identity/generation.ts";
import { generateKey, keyFingerprint } from "@heddle/mesh/identity/key.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import { toSpiffeId } from "@heddle/mesh/model/identity.ts";
import type { TlsCredentials, Transport } from "@heddle/mesh/net/transport.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ScriptedConnection } from "../../mesh/test/http1/scripted-connection.ts";
import { Authority, createRoot } from "../src/ca/authority.ts";

/** A leaf ends while no control plane takes renewals: the way back into the mesh is a new token. */
const hourMs = 3_600_000;
const id = toSpiffeId("spiffe://heddle.local/ns/default/sa/a")!;
const trustDomain = "heddle.local";

let clock: VirtualClock;
let authority: Authority;
let folder: string;
let membership: Membership | null;
/** Fingerprints for which a token was asked. */
let asked: string[];
/** Chains presented on control connections. */
let presented: string[];
let adopted: TlsCredentials[];
let failedRenewals: number;
let wake: () => void;

beforeEach(async () => {
  clock = new VirtualClock();
  const root = await createRoot({ clock, randomBytes, trustDomain });
  authority = new Authority({ root, clock, randomBytes });
  folder = await mkdtemp(join(tmpdir(), "heddle-expired-"));
  [membership, asked, presented, adopted, failedRenewals] = [null, [], [], [], 0];
  wake = () => {};
  const key = await generateKey();
  const credentials = {
    generation: 1,
    spiffeId: id,
    keyPem: key.privatePem,
    chainPem: await authority.issue(id, key.publicPem),
    bundlePem: authority.bundlePem,
  };
  await new GenerationFolder(folder).save({ credentials, snapshot: null });
});
afterEach(async () => {
  await membership?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Of a control plane that enrols whoever has a token; its control connections close without a word. */
const transport: Transport = {
  dial: ({ tls }, events) => {
    const connection = new ScriptedConnection();
    connection.events = events;
    const isEnrolment = tls?.alpn.includes(enrolAlpn) ?? false;
    if (!isEnrolment) presented.push(tls!.credentials.chainPem);
    queueMicrotask(() => (isEnrolment ? void serveEnrolment(connection) : connection.close(null)));
    return connection;
  },
  listen: () => Promise.reject(new Error("nobody listens here")),
};

async function serveEnrolment(connection: ScriptedConnection): Promise<void> {
  connection.events!.onOpen();
  const { token, publicKeyPem } = JSON.parse(connection.output);
  expect(token).toBe(`token for ${keyFingerprint(publicKeyPem)}`);
  const chainPem = await authority.issue(id, publicKeyPem);
  const enrolled = { type: "enrolled", chainPem, bundlePem: authority.bundlePem };
  connection.deliver(`${JSON.stringify(enrolled)}\n`);
}

async function open(): Promise<Membership> {
  const onRenewalFailed = (_fields: object, message: string) => {
    if (message !== "certificate not renewed") return;
    failedRenewals++;
    wake();
  };
  return Membership.open({
    clock,
    rng: new SeededRng(1),
    log: { ...silentLog, warn: onRenewalFailed, debug: onRenewalFailed },
    transport,
    control: tcp("127.0.0.1", 1),
    workloadUid: "u",
    build: "test",
    folder: new GenerationFolder(folder),
    requestToken: async (fingerprint) => {
      asked.push(fingerprint);
      return { token: `token for ${fingerprint}`, bundlePem: authority.bundlePem };
    },
    sink: { apply: () => [] },
    events: {
      onCredentials: (credentials) => {
        adopted.push(credentials);
        wake();
      },
      onConnected: () => {},
      onDisconnected: () => {},
      onRequest: () => {},
      onCancel: () => {},
      onRecorded: () => {},
    },
  });
}

/** Resolves once `isSo`; looked at whenever a leaf is adopted or a renewal has failed. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
}

async function expectFresh(fresh: TlsCredentials): Promise<void> {
  expect(leafValidity(fresh.chainPem).notAfterMs - clock.wallMs()).toBe(24 * hourMs);
  expect((await new GenerationFolder(folder).load())!.credentials).toEqual(fresh);
  clock.advance(10_000);
  expect(presented.at(-1)).toBe(fresh.chainPem);
}

test("a proxy whose leaf ends while it runs asks for a token, and for none before", {
  timeout: 10_000, // nothing wakes a proxy that does not ask
}, async () => {
  membership = await open();
  clock.advance(23 * hourMs); // past the renewal at 70 %, which nobody answers
  await until(() => failedRenewals === 1);
  expect(asked).toEqual([]);
  clock.advance(2 * hourMs); // the next attempt falls into the hour in which the leaf lives
  await until(() => failedRenewals === 2);
  expect(asked).toEqual([]);
  clock.advance(hourMs);
  await until(() => failedRenewals >= 3 && adopted.length === 2);
  expect(asked).toHaveLength(1);
  await expectFresh(membership.credentials());
});

test("a proxy that starts with a leaf that has ended has no identity until it has a new one", async () => {
  clock.advance(25 * hourMs);
  membership = await open();
  expect(() => membership!.credentials()).toThrow("no identity yet");
  await until(() => adopted.length === 1);
  expect(asked).toHaveLength(1);
  await expectFresh(membership.credentials());
});
