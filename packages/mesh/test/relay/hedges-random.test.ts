import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { expect, test } from "vitest";
import { Rig } from "./harness.ts";

/** One request with hedges and retries among endpoints that open, refuse, answer, fail and fall silent as chance will have it. */
function play(seed: number): { rig: Rig; executions: number } {
  const rng = new SeededRng(seed);
  const isPost = rng.below(4) === 0;
  const rig = new Rig({
    endpoints: 1 + rng.below(4),
    requestTimeoutMs: 2000,
    policy: {
      hedge: { delayMs: 50, attemptsMax: 2 + rng.below(3) },
      attemptTimeoutMs: 400,
      retry: {
        retriesMax: 3,
        codes: [503],
        grpcCodes: [],
        connectionErrors: true,
        backoff: { baseMs: 10, maxMs: 40 },
        methods: "safe",
        bodyBytesMax: 100,
      },
    },
  });
  let executions = 0;
  const { client, exchange } = rig.ask({ method: isPost ? "POST" : "GET" });
  for (let step = 0; step < 60 && rig.records.length === 0; step++) {
    const dialling = rig.servers.filter(({ phase }) => phase === "dialling");
    const busy = rig.servers.filter(({ phase, sink }) => phase === "busy" && sink !== null);
    const [dial, server] = [dialling[rng.below(4)], busy[rng.below(4)]];
    const what = rng.below(12);
    if (what < 3) dial?.open();
    else if (what === 3) dial?.lose({ kind: "refused", detail: "refused" });
    else if (what < 8) rig.clock.advance([5, 60, 60, 200][what - 4]!);
    else if (what === 8 && server !== undefined) server.fail({ sent: rng.below(2) === 0 });
    else if (what === 9 && server !== undefined) {
      executions++;
      server.reply(503);
    } else if (what === 10 && server !== undefined) {
      executions++;
      server.replyHead(200);
      server.replyBody("ok");
      if (rng.below(3) > 0) server.replyEnd();
      else server.fail();
    } else if (what === 11 && rng.below(10) === 0) {
      exchange.onRequestFailed("client-gone", "gone");
    }
    if (isPost) expect(executions).toBeLessThanOrEqual(1);
    if (client.end === "none") expect(busy.length).toBeLessThanOrEqual(4);
  }
  rig.clock.advance(10_000);
  return { rig, executions };
}

test("whatever becomes of its attempts, a request ends once, leaves nothing behind, and each attempt is told of", () => {
  const seen = new Set<string>();
  for (let seed = 0; seed < 3000; seed++) {
    const { rig } = play(seed);
    expect(rig.records).toHaveLength(1);
    const { record, backend, context } = rig;
    expect(rig.servers.filter(({ phase, sink }) => phase === "busy" && sink !== null)).toEqual([]);
    const { requests, retries } = backend.caps;
    expect([context.inFlight, requests, retries, backend.waitingCount]).toEqual([0, 0, 0, 0]);
    const told = record.earlier?.length ?? 0;
    expect(record.attempts === 0 || told === record.attempts - 1 || told === 32).toBe(true);
    for (const { reason } of record.earlier ?? []) seen.add(String(reason));
    for (const { target } of backend.spec.members) expect(target.pending).toBe(0);
  }
  for (const reason of ["outrun", "failed-reply", "reset", "request-timeout", "connect-refused"]) {
    expect(seen).toContain(reason);
  }
  expect(seen).not.toContain("null");
});
