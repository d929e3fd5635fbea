import { enrol } from "@heddle/mesh/discovery/enrol.ts";
import { LineConnection } from "@heddle/mesh/discovery/lines.ts";
import { controlAlpn, controlServerName } from "@heddle/mesh/discovery/protocol.ts";
import { prove } from "@heddle/mesh/identity/attest.ts";
import { leafSpiffeId } from "@heddle/mesh/identity/certificate.ts";
import { generateKey, type KeyPair, keyFingerprint } from "@heddle/mesh/identity/key.ts";
import { guestIdentity } from "@heddle/mesh/identity/well-known.ts";
import type { TlsCredentials } from "@heddle/mesh/net/transport.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Plane } from "./plane.ts";
import { process } from "./resources.ts";

let plane: Plane;
let uid: string;
let key: KeyPair;
beforeAll(async () => {
  plane = await Plane.open();
  await plane.apply(process("kvs", { replicas: 2 }));
  uid = await plane.until("workload", () => plane.uidOf("kvs-0"));
  key = await generateKey();
});
afterAll(() => plane.close());

interface Attempt {
  readonly uid?: string;
  readonly token?: string;
  readonly key?: KeyPair;
  readonly bundlePem?: string;
}

const tokenFor = (forUid: string, forKey: KeyPair) =>
  plane.tokens.issue(forUid, keyFingerprint(forKey.publicPem)!);

function attempt(change: Attempt = {}) {
  return enrol({
    clock: plane.clock,
    transport: plane.transport,
    control: plane.door.address,
    workloadUid: change.uid ?? uid,
    key: change.key ?? key,
    token: change.token ?? tokenFor(uid, key),
    bundlePem: change.bundlePem ?? plane.authority.bundlePem,
  });
}

test("a token, the workload and the key it was made for give a leaf", async () => {
  const { chainPem } = await attempt();
  expect(leafSpiffeId(chainPem)).toBe("spiffe://heddle.local/ns/default/sa/kvs");
});

test("a made-up token is refused", async () => {
  await expect(attempt({ token: "x".repeat(43) })).rejects.toThrow("unknown token");
});

test("a token is good once", async () => {
  const token = tokenFor(uid, key);
  await attempt({ token });
  await expect(attempt({ token })).rejects.toThrow("used before");
});

test("a token is of no use with another key", async () => {
  await expect(attempt({ key: await generateKey() })).rejects.toThrow("another key");
});

test("a token is of no use for another workload", async () => {
  const other = await plane.until("kvs-1", () => plane.uidOf("kvs-1"));
  await expect(attempt({ uid: other })).rejects.toThrow("another workload");
});

test("a workload that is not there gets nothing", async () => {
  const token = tokenFor("nobody", key);
  await expect(attempt({ uid: "nobody", token })).rejects.toThrow("no such workload");
});

test("whoever saw the public key but does not hold the private one gets nothing", async () => {
  const thief = { publicPem: key.publicPem, privatePem: (await generateKey()).privatePem };
  await expect(attempt({ key: thief })).rejects.toThrow("proof does not hold");
});

test("a proxy does not hand its token to a control plane that its bundle does not vouch for", async () => {
  const elsewhere = await Plane.open();
  const { bundlePem } = elsewhere.authority;
  await elsewhere.close();
  const token = tokenFor(uid, key);
  await expect(attempt({ bundlePem, token })).rejects.toThrow("identity-mismatch");
  await attempt({ token }); // still good: nobody has seen it
});

test("without a certificate there is no control connection", async () => {
  const credentials: TlsCredentials = {
    generation: 0,
    spiffeId: guestIdentity("guest"),
    keyPem: "",
    chainPem: "",
    bundlePem: plane.authority.bundlePem,
  };
  expect(await converse(credentials, { type: "pong" })).toEqual([]);
});

test("a member cannot say hello for a workload of another identity, nor renew for it", async () => {
  await plane.apply(process("other"));
  const other = await plane.until("other-0", () => plane.uidOf("other-0"));
  const { chainPem, bundlePem } = await attempt();
  const credentials: TlsCredentials = {
    generation: 1,
    spiffeId: leafSpiffeId(chainPem)!,
    keyPem: key.privatePem,
    chainPem,
    bundlePem,
  };
  const hello = (workloadUid: string) => ({
    type: "hello",
    workloadUid,
    version: null,
    digest: "",
    build: "test",
    wants: [],
  });
  expect(await converse(credentials, hello(other))).toEqual([]);
  const proof = prove({ purpose: "renew", workloadUid: other }, key.privatePem);
  const renew = { type: "renew", publicKeyPem: key.publicPem, proof };
  const answers = await converse(credentials, hello(uid), renew);
  expect(answers).toContainEqual({ type: "refused", reason: "proof does not hold" });
});

/** Sends lines on a control connection; what came back until a refusal, or until the other end hung up. */
function converse(credentials: TlsCredentials, ...lines: readonly object[]): Promise<unknown[]> {
  return new Promise((resolve) => {
    const answers: unknown[] = [];
    const line = new LineConnection({
      onOpen: () => {
        for (const message of lines) line.send(message);
      },
      onMessage: (message) => {
        answers.push(message);
        if ((message as { type: string }).type === "refused") line.connection?.reset();
      },
      onDrain: () => {},
      onClose: () => resolve(answers),
    });
    const tls = {
      credentials,
      serverName: controlServerName,
      alpn: [controlAlpn],
      verify: () => ({ ok: true, id: guestIdentity("guest") }) as const,
    };
    line.attach(plane.transport.dial({ address: plane.door.address, tls }, line));
  });
}
