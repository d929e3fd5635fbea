import { expect, test } from "vitest";
import { TestAuthority } from "../../test/net/certificates.ts";
import { VirtualClock } from "../base/virtual-clock.ts";
import { parseCertificates } from "./certificate.ts";
import { expectPeer, makePeerVerifier } from "./verify-peer.ts";

const notACertificate = "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n";

test("a bundle that cannot be read lets nobody in, and its successor counts at once", async () => {
  const { spiffeId, chainPem, bundlePem } = await (await TestAuthority.make()).issue("kvs");
  let bundle = notACertificate;
  const verify = makePeerVerifier({
    bundlePem: () => bundle,
    trustDomain: "mesh.test",
    clock: new VirtualClock(),
  });
  const chain = parseCertificates(chainPem).map((certificate) => certificate.raw);
  for (let handshake = 0; handshake < 2; handshake++) {
    expect(verify(chain)).toEqual({
      ok: false,
      detail: expect.stringContaining("malformed certificate"),
    });
  }
  bundle = bundlePem;
  expect(verify(chain)).toEqual({ ok: true, id: spiffeId });
});

test("a dialler believes only whom it calls", async () => {
  const { spiffeId, chainPem, bundlePem } = await (await TestAuthority.make()).issue("kvs");
  const trust = { bundlePem: () => bundlePem, trustDomain: null, clock: new VirtualClock() };
  const chain = parseCertificates(chainPem).map((certificate) => certificate.raw);
  expect(expectPeer(makePeerVerifier(trust), (id) => id === spiffeId)(chain).ok).toBe(true);
  const others = expectPeer(makePeerVerifier(trust), () => false);
  expect(others(chain)).toEqual({ ok: false, detail: `${spiffeId} is not whom we called` });
  expect(others([])).toEqual({ ok: false, detail: "no certificate" });
});
