import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { rough } from "@heddle/mesh/net/simulated/faults.ts";
import { expect, test } from "vitest";
import { type Peer, TcpMesh } from "./tcp-mesh.ts";

/** Says `pieces` at times of its own, then ends; ends at once when it has said all. */
class Talker {
  readonly said: string;
  readonly #pieces: string[];
  readonly #rng: SeededRng;

  constructor(rng: SeededRng, mark: string) {
    this.#rng = rng;
    const count = rng.below(6);
    this.#pieces = Array.from({ length: count }, () => mark.repeat(1 + rng.below(9000)));
    this.said = this.#pieces.join("");
  }

  start(peer: Peer): void {
    peer.endsWithOther = false;
    this.#next(peer);
  }

  #next(peer: Peer): void {
    peer.clock.after(this.#rng.below(200), () => {
      if (peer.end !== null) return;
      const piece = this.#pieces.shift();
      if (piece === undefined) {
        peer.connection!.end();
        return;
      }
      peer.say(piece);
      if (this.#rng.below(4) === 0) {
        peer.connection!.pause();
        peer.clock.after(this.#rng.below(100), () => peer.connection!.resume());
      }
      this.#next(peer);
    });
  }
}

test("whoever speaks and ends when, in whatever order: every octet arrives, everything closes, each is recorded once", async () => {
  let carried = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const rng = new SeededRng(seed);
    const servers: Talker[] = [];
    const script = (peer: Peer) => {
      const talker = new Talker(rng, "s");
      servers.push(talker);
      talker.start(peer);
    };
    const protocol = seed % 3 === 0 ? "opaque" : "detect";
    const mesh = new TcpMesh(script, { seed, protocol, hasTls: seed % 2 === 0 });
    if (seed % 5 !== 0) mesh.network.setFaults(rough);
    await mesh.pass(1);
    const clients = Array.from({ length: 4 }, () => {
      const client = mesh.dial();
      const talker = new Talker(rng, "\x01");
      talker.start(client);
      return { client, talker };
    });
    await mesh.pass(60_000);
    const heard = clients.map(({ client }) => client.heard.length).toSorted();
    expect(heard, `seed ${seed}`).toEqual(servers.map(({ said }) => said.length).toSorted());
    const reached = mesh.servers.map((server) => server.heard.length).toSorted();
    expect(reached, `seed ${seed}`).toEqual(clients.map((c) => c.talker.said.length).toSorted());
    expect(clients.map(({ client }) => client.end)).toEqual(clients.map(() => "closed"));
    const proxies = [mesh.caller, mesh.dbs[0]!];
    for (const { workload, records } of proxies) {
      expect(workload.connections.size).toBe(0);
      expect(workload.inboundRelay.inFlight + workload.outboundRelay.inFlight).toBe(0);
      expect(
        records.every(({ reason, protocol: spoken }) => reason === null && spoken === "tcp"),
      ).toBe(true);
      carried += records.length;
    }
    const loads = [...mesh.caller.workload.upstream.endpoints()].map(
      (e) => e.endpoint.load.pending,
    );
    expect(loads).toEqual([0]);
  }
  expect(carried).toBeGreaterThan(200);
});

test("where connections break, too, nothing is left of any: no record open, no load counted, no connection held", async () => {
  let broken = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const rng = new SeededRng(seed);
    const mesh = new TcpMesh((peer) => new Talker(rng, "s").start(peer), {
      seed,
      replicas: 2,
      hasTls: seed % 2 === 0,
    });
    mesh.network.setFaults({ ...rough, reset: 0.02, refuse: 0.1 });
    await mesh.pass(1);
    for (let count = 0; count < 6; count++) new Talker(rng, "\x01").start(mesh.dial());
    await mesh.pass(150);
    if (seed % 3 === 0) mesh.network.kill("app-0");
    if (seed % 7 === 0) mesh.network.kill("db-1");
    await mesh.pass(120_000);
    for (const { workload, records } of [
      mesh.caller,
      ...mesh.dbs.slice(0, seed % 7 === 0 ? 1 : 2),
    ]) {
      expect(workload.connections.size, `seed ${seed}`).toBe(0);
      expect(workload.inboundRelay.inFlight + workload.outboundRelay.inFlight).toBe(0);
      expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
      broken += records.filter(({ reason }) => reason !== null).length;
      for (const { endpoint } of workload.upstream.endpoints()) {
        expect(endpoint.load.pending, `seed ${seed}`).toBe(0);
      }
    }
  }
  expect(broken).toBeGreaterThan(30);
});
