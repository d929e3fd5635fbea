import { silentLog } from "@heddle/mesh/base/log.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { ControlLink } from "@heddle/mesh/discovery/control.ts";
import { SnapshotHolder } from "@heddle/mesh/discovery/snapshot-holder.ts";
import { makePeerVerifier } from "@heddle/mesh/identity/verify-peer.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import { parseSpiffeId } from "@heddle/mesh/model/identity.ts";
import { openTransport } from "@heddle/mesh/net/open-transport.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import type { MemberSecrets } from "./control.ts";

/** To this process: whom to be; and to tell what came since. */
export type ToProxies =
  | { readonly type: "join"; readonly port: number; readonly members: readonly MemberSecrets[] }
  | { readonly type: "count" };

/** Deltas that came since the last count, and their octets as JSON. */
export interface Counted {
  readonly type: "counted";
  readonly deltas: number;
  readonly bytes: number;
  readonly largest: number;
  /** CPU time of this process meanwhile, in ms. */
  readonly cpuMs: number;
}

let deltas = 0;
let bytes = 0;
let largest = 0;
let cpu = process.cpuUsage();

/** A proxy as far as documents go: the real connection and the real holder, which checks each digest; nothing acts on them. */
process.on("message", (message: ToProxies) => {
  if (message.type === "join") void join(message);
  else {
    const { user, system } = process.cpuUsage(cpu);
    const cpuMs = (user + system) / 1000;
    process.send?.({ type: "counted", deltas, bytes, largest, cpuMs } satisfies Counted);
    cpu = process.cpuUsage();
    deltas = 0;
    bytes = 0;
    largest = 0;
  }
});

async function join({ port, members }: Extract<ToProxies, { type: "join" }>): Promise<void> {
  const clock = new SystemClock();
  const { transport } = await openTransport({ clock });
  for (const { uid, spiffeId, ...pems } of members) {
    const holder = new SnapshotHolder({ apply: () => [] }, () => {});
    const take = holder.take.bind(holder);
    holder.take = (delta) => {
      const length = JSON.stringify(delta).length;
      deltas++;
      bytes += length;
      largest = Math.max(largest, length);
      return take(delta);
    };
    const id = parseSpiffeId(spiffeId);
    if (id === null) throw new Error(spiffeId);
    const credentials = { generation: 1, spiffeId: spiffeId as never, ...pems };
    const bundlePem = () => pems.bundlePem;
    new ControlLink({
      clock,
      rng: new SeededRng(members.length),
      log: silentLog,
      transport,
      control: tcp("127.0.0.1", port),
      workloadUid: uid,
      build: "bench",
      holder,
      credentials: () => credentials,
      verify: makePeerVerifier({ bundlePem, trustDomain: null, clock }),
      events: {
        onConnected: () => {},
        onDisconnected: () => {},
        onRequest: () => {},
        onCancel: () => {},
        onRecorded: () => {},
      },
    }).start();
  }
}
