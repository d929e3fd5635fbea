import { DeadlineWheel } from "@heddle/mesh/base/deadline-wheel.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type { BackendPolicyDoc } from "@heddle/mesh/model/document.ts";
import type { ConnectionEvents, DialOptions } from "@heddle/mesh/net/transport.ts";
import { defaultBackendPolicy } from "@heddle/mesh/policy/backend-policy.ts";
import type { Outcome } from "@heddle/mesh/policy/outcome.ts";
import type { Backend, BackendMember } from "@heddle/mesh/upstream/backend.ts";
import { defaultUpstreamLimits } from "@heddle/mesh/upstream/context.ts";
import type { PickWish } from "@heddle/mesh/upstream/pick-wish.ts";
import type { Target } from "@heddle/mesh/upstream/target.ts";
import { Upstream } from "@heddle/mesh/upstream/upstream.ts";
import { FakeServer, NoConnection } from "../relay/harness.ts";
import { WideServer } from "../relay/wide-server.ts";

export interface Member extends Partial<Omit<BackendMember, "target">> {
  readonly uid: string;
}

/** One backend under virtual time, asked for endpoints without a relay. */
export class BackendRig {
  readonly clock = new VirtualClock();
  readonly wheel = new DeadlineWheel(this.clock, 1);
  /** What was dialled, in order. */
  readonly servers: FakeServer[] = [];
  readonly wide: WideServer[] = [];
  /** Dialled for octets. */
  readonly raw: { readonly address: Address; readonly events: ConnectionEvents }[] = [];
  readonly upstream: Upstream;
  readonly backend: Backend;
  zone = "";

  constructor(policy: Partial<BackendPolicyDoc>, members: readonly (string | Member)[]) {
    let dialling: FakeServer | WideServer | null = null;
    this.upstream = new Upstream({
      clock: this.clock,
      wheel: this.wheel,
      rng: new SeededRng(1),
      transport: {
        dial: ({ address }: DialOptions, events: ConnectionEvents) => {
          const server = dialling;
          dialling = null;
          if (server !== null) {
            Object.assign(server, { address });
            return server.connection;
          }
          const connection = new NoConnection(address, () => events.onClose(null));
          this.raw.push({ address, events });
          return connection;
        },
        listen: () => Promise.reject(new Error("nobody listens here")),
      },
      trust: null,
      codec: (owner, protocol) => {
        if (protocol === "h2") {
          const wide = new WideServer(owner);
          this.wide.push(wide);
          dialling = wide;
          return wide;
        }
        const server = new FakeServer(tcp("0.0.0.0", 0), owner);
        this.servers.push(server);
        dialling = server;
        return server;
      },
      limits: defaultUpstreamLimits,
    });
    this.backend = this.upstream.backend("default/kvs", 80);
    this.apply(policy, members);
  }

  /** New documents. */
  apply(policy: Partial<BackendPolicyDoc>, members: readonly (string | Member)[]): void {
    this.backend.apply({
      policy: { ...defaultBackendPolicy, picker: "round-robin", ...policy },
      placement: null,
      slots: null,
      contract: null,
      fault: null,
      zone: this.zone,
      members: members.map((given) => {
        const member = typeof given === "string" ? { uid: given } : given;
        return { phase: "ready", ...member, target: this.target(member.uid) };
      }),
    });
    this.backend.flush();
  }

  target(uid: string): Target {
    const address = tcp("127.0.0.1", 9000 + Number(uid.slice(1)));
    const name = { uid, workload: uid, address, identity: null, isOwn: false };
    return this.upstream.endpoint(name).target("default/kvs", 80);
  }

  pick(wish: PickWish | null = null): Target | null {
    return this.backend.pick(this.clock.monotonicMs(), -1, null, wish);
  }

  /** Uids that so many picks come to, sorted, each with how often. */
  picked(picks: number, wish: PickWish | null = null): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (let pick = 0; pick < picks; pick++) {
      const uid = this.pick(wish)?.uid ?? "none";
      counts[uid] = (counts[uid] ?? 0) + 1;
    }
    return Object.fromEntries(Object.entries(counts).sort());
  }

  /** So many requests to `uid` end so. */
  report(uid: string, given: Partial<Outcome>, times = 1): void {
    const target = this.target(uid);
    for (let time = 0; time < times; time++) target.report(outcome(given));
  }
}

export function outcome(given: Partial<Outcome>): Outcome {
  return { status: 200, grpcStatus: -1, reason: null, latencyMs: 1, retryAfterMs: -1, ...given };
}
