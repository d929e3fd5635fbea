import type { Clock } from "@heddle/mesh/base/clock.ts";
import { DeadlineWheel } from "@heddle/mesh/base/deadline-wheel.ts";
import { silentLog } from "@heddle/mesh/base/log.ts";
import type { Rng } from "@heddle/mesh/base/rng.ts";
import { ControlLink } from "@heddle/mesh/discovery/control.ts";
import { SnapshotHolder } from "@heddle/mesh/discovery/snapshot-holder.ts";
import { controlIdentity } from "@heddle/mesh/identity/well-known.ts";
import type { Address } from "@heddle/mesh/model/address.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import type { SimulatedProcess } from "@heddle/mesh/net/simulated/process.ts";
import type { BoundSocket } from "@heddle/mesh/net/transport.ts";
import { Summaries } from "@heddle/mesh/proxy/summaries.ts";
import { Workload } from "@heddle/mesh/proxy/workload.ts";
import { meshSettings } from "@heddle/mesh/resource/heddle/mesh.ts";
import { Metrics } from "@heddle/mesh/telemetry/metrics.ts";
import type { ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";
import { RecordExport } from "@heddle/mesh/telemetry/record-export.ts";
import { TelemetryRecorder } from "@heddle/mesh/telemetry/recorder.ts";
import { labelCredentials, verifyMember, verifyPeer } from "./credentials.ts";
import type { Oracle } from "./oracle.ts";
import { ProcessClock } from "./process-clock.ts";

/** What a proxy finds again after a restart. */
export interface ProxyDisk {
  saved: unknown;
}

export interface ProxyLifeOptions {
  readonly process: SimulatedProcess;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly uid: string;
  readonly identity: SpiffeId;
  readonly control: Address;
  /** Sockets of the supervisor, by name. */
  readonly sockets: ReadonlyMap<string, BoundSocket>;
  readonly disk: ProxyDisk;
  readonly oracle: Oracle;
}

/** One life of a proxy: the real workload, its documents and its control link, over a simulated network. */
export class ProxyLife {
  readonly workload: Workload;
  readonly holder: SnapshotHolder;
  readonly recorder: TelemetryRecorder;
  readonly #link: ControlLink;
  readonly #export: RecordExport;

  constructor(options: ProxyLifeOptions) {
    const { process, rng, uid, identity, control, sockets, disk, oracle } = options;
    const clock = new ProcessClock(options.clock, process);
    const credentials = labelCredentials(identity);
    const sinceMs = clock.monotonicMs();
    const name = process.name.replace("/proxy", "");
    const life = { uid, name, life: `${uid}@${sinceMs}`, sinceMs };
    oracle.histories.begin(life);
    this.recorder = new TelemetryRecorder({
      clock,
      metrics: new Metrics(),
      life: life.life,
      workload: process.name,
      boot: "simulated",
      recentMax: 16,
    });
    const { recording } = this.recorder;
    recording.workload = { uid, name, namespace: "default" };
    const send = (line: string) => this.#link.records(line);
    this.#export = new RecordExport({ clock, recording, send });
    this.workload = new Workload({
      clock,
      wheel: new DeadlineWheel(clock),
      rng: rng.fork("workload"),
      log: silentLog,
      transport: process.transport,
      sockets: { take: (name) => sockets.get(name) ?? "later", isWaiting: () => false },
      recorder: {
        record: (record: ExchangeRecord) => {
          this.recorder.record(record);
          oracle.recorded(record, life);
        },
      },
      connectionCounter: this.recorder,
      resolver: { resolve: () => Promise.reject(new Error("the simulation has no names")) },
      trust: { credentials: () => credentials, verifier: verifyPeer, verifyPeer: verifyMember },
      want: (service) => {
        const fresh = this.holder.use([service]);
        if (fresh.length > 0) this.#link.want(fresh);
      },
    });
    this.holder = new SnapshotHolder(this.workload, () => {
      disk.saved = structuredClone(this.holder.saved());
      oracle.forgetOwners(); // its rules may be others now than those of its peers
    });
    this.#link = new ControlLink({
      clock,
      rng: rng.fork("link"),
      log: silentLog,
      transport: process.transport,
      control,
      workloadUid: uid,
      build: "simulated",
      credentials: () => credentials,
      verify: verifyPeer(controlIdentity(meshSettings(null).trustDomain)),
      holder: this.holder,
      events: {
        onConnected: () => this.#export.onConnected(),
        onDisconnected: () => this.#export.onDisconnected(),
        onRequest() {},
        onCancel() {},
        onRecorded: (recorded) => this.#export.onRecorded(recorded),
      },
    });
    if (disk.saved !== null && !this.holder.restore(disk.saved)) {
      oracle.violate(`${process.name}: what it saved cannot be restored`);
    }
    this.#link.start();
    const { workload, recorder } = this;
    new Summaries(
      clock,
      () => workload.activity,
      () => this.#link.summary(recorder.summary()),
    ).start();
  }

  /** Sockets it waited for are there. */
  retrySockets(): void {
    this.workload.listeners.retry();
  }

  /** Exchanges that have begun and have no record yet. */
  get inFlight(): number {
    return this.workload.inboundRelay.inFlight + this.workload.outboundRelay.inFlight;
  }
}
