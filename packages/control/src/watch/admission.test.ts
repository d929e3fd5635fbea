import { tcp } from "@heddle/mesh/model/address.ts";
import { expect, test } from "vitest";
import {
  type Admission,
  type AdmissionInputs,
  endpointState,
  notAdmitted,
  observeReady,
} from "./admission.ts";

const inbound = tcp("127.0.0.1", 20_001);
const acknowledged: Admission = { acknowledged: inbound, serves: null, wasReady: false };

function seen(ready: boolean, change: Partial<AdmissionInputs> = {}): AdmissionInputs {
  const app = {
    phase: "running",
    ready,
    pid: 1,
    restarts: 0,
    reason: ready ? null : "readiness: no",
    sinceWallMs: 5,
    startedMs: null,
  } as const;
  const observed = { uid: "u", app, proxy: null, isOutdated: false, ports: {} };
  return { inbound, observed, isHostKnown: true, isDraining: false, nowWallMs: 9, ...change };
}

/** What callers are told after each of `steps`. */
function after(from: Admission, ...steps: readonly AdmissionInputs[]) {
  const last = steps.at(-1)!;
  return endpointState(steps.reduce(observeReady, from), last);
}

test("it is an endpoint once its proxy knows it and its application is ready, not before", () => {
  expect(after(notAdmitted, seen(true))).toBeNull();
  expect(after(acknowledged, seen(false))).toBeNull();
  expect(after(acknowledged, seen(true))).toEqual({ phase: "ready" });
});

test("that it was ready before its proxy knew it does not count", () => {
  const early = observeReady(notAdmitted, seen(true));
  const known: Admission = { ...early, acknowledged: inbound };
  expect(after(known, seen(false))).toBeNull();
});

test("from then on it is away where it is not ready, and draining where it leaves", () => {
  const away = { phase: "away", sinceWallMs: 5, reason: "readiness: no" };
  expect(after(acknowledged, seen(true), seen(false))).toEqual(away);
  const leaving = seen(true, { isDraining: true });
  expect(after(acknowledged, seen(true), leaving)).toEqual({ phase: "draining" });
});

test("a supervisor that has not spoken yet changes nothing, and another address is no acknowledgement", () => {
  const silent = seen(true, { observed: null, isHostKnown: false });
  expect(after(acknowledged, seen(true), silent)).toEqual({ phase: "ready" });
  const moved = seen(true, { inbound: tcp("127.0.0.1", 20_002) });
  expect(after(acknowledged, seen(true), moved)).toBeNull();
});
