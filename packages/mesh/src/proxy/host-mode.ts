import { mkdirSync } from "node:fs";
import { type GrantedToken, Membership } from "../discovery/membership.ts";
import type { Request } from "../discovery/protocol.ts";
import type { RefusedDocument } from "../discovery/snapshot-holder.ts";
import { GenerationFolder } from "../identity/generation.ts";
import { expectPeer } from "../identity/verify-peer.ts";
import { tcp } from "../model/address.ts";
import { systemDatagrams } from "../net/system-datagrams.ts";
import type { PeerVerifier, TlsCredentials } from "../net/transport.ts";
import { versionOf } from "../snapshot/diff.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { RecordExport } from "../telemetry/record-export.ts";
import { openAdmin } from "./admin.ts";
import { showSnapshot } from "./admin-views.ts";
import { AdmissionMetrics } from "./admission-metrics.ts";
import { BalancerMetrics } from "./balancer-metrics.ts";
import { DnsForwarder } from "./dns-forwarder.ts";
import { DnsServer } from "./dns-server.ts";
import { drainGraceMs, drainWorkload } from "./drain.ts";
import { HistoryAnswers } from "./history-answers.ts";
import { HostChannel } from "./host-channel.ts";
import type { Start } from "./host-link.ts";
import { hostNameservers } from "./nameservers.ts";
import type { Sidecar } from "./sidecar.ts";
import { Summaries } from "./summaries.ts";
import { systemResolver } from "./system-resolver.ts";
import { type SendAnswer, TapAnswers } from "./tap-answers.ts";
import { Workload } from "./workload.ts";

/** Of this program, as hello says it. */
const build = "heddle 0.1.0";
/** How long a token may take to come from the supervisor, in ms. */
const tokenMs = 60_000;
/** How long a proxy that ends waits until what it recorded is kept, in ms. */
const keepMs = 1500;

/**
 * Runs a proxy that a supervisor started: sockets and tokens from there, identity and documents from the control plane.
 * @param open makes what it needs of the world, once it knows its folder
 */
export async function runUnderHost(open: (stateDir: string) => Promise<Sidecar>): Promise<void> {
  const channel = new HostChannel();
  let proxy: HostedProxy | null = null;
  const start = async (message: Start): Promise<void> => {
    proxy = new HostedProxy(await open(message.stateDir), channel);
    await proxy.start(message);
  };
  await new Promise<void>((resolve, reject) => {
    channel.open({
      onStart: (message) => start(message).then(resolve, reject),
      onToken: (token) => proxy?.onToken(token),
      onDrain: (isFinal) => {
        if (proxy === null) channel.send({ type: "drained" });
        else proxy.drain(isFinal);
      },
      onSocket: () => proxy?.onSocket(),
      onGone: () => process.exit(0),
    });
  });
}

class HostedProxy {
  readonly workload: Workload;
  readonly #sidecar: Sidecar;
  readonly #channel: HostChannel;
  readonly #taps: TapAnswers;
  readonly #histories: HistoryAnswers;
  readonly #export: RecordExport;
  readonly #names: DnsServer;
  #membership: Membership | null = null;
  #credentials: TlsCredentials | null = null;
  #snapshot: Snapshot | null = null;
  #refused: readonly RefusedDocument[] = [];
  #hasConnected = false;
  #onToken: ((token: GrantedToken) => void) | null = null;
  #isEnding = false;
  /** Resolved when the admin socket is open. */
  readonly #onAdmin = Promise.withResolvers<void>();

  constructor(sidecar: Sidecar, channel: HostChannel) {
    this.#sidecar = sidecar;
    this.#channel = channel;
    const { clock, recorder } = sidecar;
    this.#names = buildNames(sidecar);
    const verifyPeer: PeerVerifier = (chain) =>
      this.#membership?.verifyMember(chain) ?? { ok: false, detail: "no identity yet" };
    this.workload = new Workload({
      ...sidecar,
      connectionCounter: recorder,
      onLimit: (limit) => recorder.limit(limit),
      sockets: channel,
      resolver: systemResolver,
      names: this.#names,
      trust: {
        credentials: () => this.#credentials,
        verifier: (expected) => expectPeer(verifyPeer, (id) => id === expected),
        verifyPeer,
      },
      want: (service) => this.#membership?.want(service),
    });
    const { recording } = recorder;
    const answer: SendAnswer = (id, items, done, dropped) =>
      this.#membership?.answer(id, items, done, dropped);
    this.#taps = new TapAnswers(clock, recorder, answer);
    this.#histories = new HistoryAnswers(clock, recording, answer);
    const send = (line: string) => this.#membership?.records(line);
    this.#export = new RecordExport({ clock, recording, send });
  }

  /** Sockets have been passed: whatever waited for one opens. */
  onSocket(): void {
    this.workload.listeners.retry();
    const datagrams = this.#channel.takeDatagrams();
    if (datagrams !== null) this.#names.listen(datagrams);
  }

  async start(start: Start): Promise<void> {
    this.onSocket();
    const { clock, rng, log, metrics, recorder, transport, stalls } = this.#sidecar;
    mkdirSync(start.stateDir, { recursive: true, mode: 0o700 });
    process.chdir(start.stateDir); // the path of a unix socket holds 107 octets: a relative one always fits
    process.on("SIGTERM", () => this.#end());
    process.on("SIGINT", () => {}); // the supervisor decides
    this.#membership = await Membership.open({
      clock,
      rng,
      log,
      transport,
      control: tcp(start.control.host, start.control.port),
      workloadUid: start.workloadUid,
      build,
      folder: new GenerationFolder("generation"),
      requestToken: (keyFingerprint) => this.#requestToken(keyFingerprint),
      sink: { apply: (snapshot, refused) => this.#apply(snapshot, refused) },
      events: {
        onCredentials: (credentials) => this.#onCredentials(credentials),
        onConnected: () => {
          this.#hasConnected = true;
          this.#export.onConnected();
        },
        onDisconnected: (detail) => {
          this.#taps.cancelAll();
          this.#histories.cancelAll();
          this.#export.onDisconnected();
          log.info({ detail }, "no control plane; serving on");
        },
        onRequest: (request) => this.#onRequest(request),
        onCancel: (id) => {
          this.#taps.cancel(id);
          this.#histories.cancel(id);
        },
        onRecorded: (recorded) => this.#export.onRecorded(recorded),
      },
    });
    // Who waits since an earlier life is served first.
    await new Promise<void>((resolve) => clock.after(1, resolve));
    new BalancerMetrics(metrics, this.workload.upstream);
    new AdmissionMetrics(metrics, this.workload.admissions);
    await openAdmin("admin.sock", {
      workload: this.workload,
      metrics,
      recording: recorder.recording,
      log,
      isReady: () => this.#isReady(),
      snapshot: () =>
        showSnapshot(
          this.#snapshot,
          Object.fromEntries(this.#refused.map(({ document, errors }) => [document, errors])),
        ),
    });
    this.#onAdmin.resolve();
    const { workload } = this;
    new Summaries(
      clock,
      () => workload.activity,
      () => this.#membership?.summary(recorder.summary()),
    ).start();
    stalls.start(() => workload.activity);
  }

  onToken(token: GrantedToken): void {
    this.#onToken?.(token);
  }

  /** The application is about to end, its own calls still work. If for good, callers go elsewhere. */
  drain(isFinal: boolean): void {
    if (isFinal) this.workload.drainInbound();
    this.workload.inboundRelay.whenIdle(() => this.#channel.send({ type: "drained" }));
  }

  #onRequest(request: Request): void {
    switch (request.what) {
      case "tap":
        this.#taps.start(request);
        return;
      case "history":
        this.#histories.start(request);
        return;
    }
  }

  #apply(snapshot: Snapshot, refused: readonly RefusedDocument[]): readonly RefusedDocument[] {
    const broken = this.workload.apply(snapshot, refused);
    this.#snapshot = snapshot;
    this.#refused = [...refused, ...broken];
    const { doc } = this.workload;
    if (doc !== null) this.#sidecar.recorder.recording.workload = doc.workload;
    void this.#sayReady();
    return broken;
  }

  #onCredentials(credentials: TlsCredentials): void {
    this.#credentials = credentials;
    this.workload.onNewGeneration();
    void this.#sayReady();
  }

  #isReady(): boolean {
    return (
      this.#snapshot !== null &&
      this.#credentials !== null &&
      this.workload.listeners.missing().length === 0
    );
  }

  async #sayReady(): Promise<void> {
    await Promise.all([this.workload.listeners.settled(), this.#onAdmin.promise]);
    if (this.#snapshot === null || this.#credentials === null) return;
    const version = versionOf(this.#snapshot);
    this.#channel.send({ type: "ready", version, fromDisk: !this.#hasConnected });
  }

  #requestToken(keyFingerprint: string): Promise<GrantedToken> {
    return new Promise((resolve, reject) => {
      const timer = this.#sidecar.clock.after(tokenMs, () => reject(new Error("no token came")));
      this.#onToken = (token) => {
        timer.cancel();
        this.#onToken = null;
        resolve(token);
      };
      this.#channel.send({ type: "token-wanted", keyFingerprint });
    });
  }

  #end(): void {
    if (this.#isEnding) process.exit(0);
    this.#isEnding = true;
    const leave = (): void => {
      const closed = this.#membership?.close() ?? Promise.resolve();
      void closed.finally(() => process.exit(0));
    };
    drainWorkload(this.workload, this.#sidecar.clock, drainGraceMs, () =>
      this.#export.finish(keepMs, leave),
    );
  }
}

function buildNames({ clock, rng, transport }: Sidecar): DnsServer {
  const datagrams = systemDatagrams;
  const nameservers = hostNameservers(clock);
  const forwarder = new DnsForwarder({ clock, rng, transport, datagrams, nameservers });
  return new DnsServer({ clock, datagrams, forwarder });
}
