import { expect, test } from "vitest";
import { toSpiffeId } from "../model/identity.ts";
import { checkAccess } from "./access.ts";
import { base, type Call, evidence, identityOf, recordOf, resource } from "./evidence.fixture.ts";

function check(call: Call, resources = base) {
  return checkAccess(evidence(resources, recordOf([call])));
}

test("everybody is who intent says they are: holds", () => {
  expect(check({ to: "kvs-0" })).toMatchObject({ verdict: "holds", judged: 2, subjects: 3 });
});

test("a plain arrival is a violation", () => {
  const { violations } = check({ to: "kvs-0", front: { peer: null } });
  expect(violations[0]).toMatchObject({ expected: "mutual TLS", found: "a plain connection" });
});

test("an identity that is not the sender's is a violation, whatever the sender's proxy said", () => {
  const { violations } = check({ to: "kvs-0", front: { peer: identityOf("other-0") } });
  expect(violations[0]).toMatchObject({
    processes: ["default/visitor-0", "default/kvs-0"],
    messages: ["c0.1.q"],
    expected: identityOf("visitor-0"),
    found: identityOf("other-0"),
  });
  const lone = recordOf([{ to: "kvs-0", front: { peer: identityOf("other-0") } }]).slice(1);
  expect(checkAccess(evidence(base, lone)).verdict).toBe("violated");
});

test("another trust domain is a violation", () => {
  const peer = toSpiffeId("spiffe://elsewhere/ns/default/sa/visitor");
  expect(check({ to: "kvs-0", front: { peer } }).violations[0]!.expected).toBe(
    "spiffe://heddle.local/…",
  );
});

test("a sender that asks for no identity, or for another's, is a violation", () => {
  for (const identity of [null, identityOf("other-0")]) {
    const { violations } = check({ to: "kvs-0", attempt: { identity } });
    expect(violations[0]).toMatchObject({ expected: identityOf("kvs-0") });
  }
});

test("in another profile than Run nothing is asked", () => {
  const walk = resource("heddle.dev/v1alpha1", "Mesh", "mesh", { profile: "walk" });
  expect(check({ to: "kvs-0", front: { peer: null } }, [...base, walk])).toMatchObject({
    verdict: "holds",
    subjects: 0,
    judged: 0,
  });
});
