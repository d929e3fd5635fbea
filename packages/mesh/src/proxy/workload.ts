import type { Clock } from "../base/clock.ts";
import type { DeadlineWheel } from "../base/deadline-wheel.ts";
import type { Log } from "../base/log.ts";
import type { Rng } from "../base/rng.ts";
import type { RefusedDocument, SnapshotSink } from "../discovery/snapshot-holder.ts";
import type { ProxyDoc, ServiceKey, WorkloadDoc } from "../model/document.ts";
import { CarrierTransport } from "../net/carrier/transport.ts";
import type { OnLimit } from "../net/limit.ts";
import { OriginTls } from "../net/origin-tls.ts";
import type { Accept, PeerVerifier, Transport } from "../net/transport.ts";
import { RecordIds, RelayContext } from "../relay/context.ts";
import { type FrontendSlot, workloadField } from "../relay/frontend.ts";
import { MirrorSender } from "../relay/mirror-sender.ts";
import type { TcpLimits } from "../relay/tcp-limits.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Recorder } from "../telemetry/record.ts";
import type { ConnectionCounter } from "../telemetry/recorder.ts";
import {
  type ConnectionMeter,
  defaultUpstreamLimits,
  type Trust,
  type UpstreamLimits,
} from "../upstream/context.ts";
import { Upstream } from "../upstream/upstream.ts";
import { Admissions } from "./admissions.ts";
import { Connections } from "./connections.ts";
import { ContractReaders } from "./contract-readers.ts";
import type { DnsServer } from "./dns-server.ts";
import { Doors } from "./doors.ts";
import { Egress, type Resolver } from "./egress.ts";
import { ForwardProxyDoor } from "./forward-proxy.ts";
import { GatewayTable } from "./gateway.ts";
import { InboundTable } from "./inbound.ts";
import { Listeners, type SocketSource, type WantedListener } from "./listeners.ts";
import { ServiceTable, type Want } from "./service-table.ts";

export interface WorkloadOptions {
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  readonly rng: Rng;
  readonly log: Log;
  readonly transport: Transport;
  readonly sockets: SocketSource;
  readonly recorder: Recorder;
  /** Counts the connections that are opened to us. Default: nobody does. */
  readonly connectionCounter?: ConnectionCounter;
  readonly resolver: Resolver;
  /** Answers the names that a captured process asks for. Default: nobody does. */
  readonly names?: DnsServer;
  /** Null in a proxy without identity. */
  readonly trust: (Trust & { readonly verifyPeer: PeerVerifier }) | null;
  /** Default `defaultUpstreamLimits`. */
  readonly limits?: UpstreamLimits;
  /** Default `defaultTcpLimits`. */
  readonly tcpLimits?: TcpLimits;
  /** Told each time a limit of a codec was met. Default nobody. */
  readonly onLimit?: OnLimit;
  /** A service is used for the first time. */
  readonly want: Want;
}

/**
 * Everything that runs for one workload: its listeners, tables, pools and relay. `apply` swaps what it acts on in one
 * step: exchanges in flight finish as they began, connections and what was learned of endpoints stay.
 *
 * ```
 *  listener ─▶ codec ─▶ door ─▶ exchange ─▶ backend ─▶ target ─▶ pool ─▶ codec ─▶ endpoint
 * ```
 */
export class Workload implements SnapshotSink {
  readonly connections = new Connections();
  readonly upstream: Upstream;
  readonly listeners: Listeners;
  readonly inboundRelay: RelayContext;
  readonly outboundRelay: RelayContext;
  readonly services: ServiceTable;
  readonly admissions: Admissions;
  readonly #options: WorkloadOptions;
  readonly #doors: Doors;
  readonly #inbound: InboundTable;
  readonly #gateway: GatewayTable;
  readonly #egress: Egress;
  readonly #ids = new RecordIds();
  #doc: ProxyDoc | null = null;

  constructor(options: WorkloadOptions) {
    const { clock, wheel, rng, trust, recorder } = options;
    const transport = new CarrierTransport(options.transport, clock);
    this.#options = options;
    this.inboundRelay = new RelayContext(clock, wheel, recorder, this.#ids);
    this.outboundRelay = new RelayContext(clock, wheel, recorder, this.#ids);
    for (const relay of [this.inboundRelay, this.outboundRelay]) {
      relay.onLimit = options.onLimit ?? relay.onLimit;
      relay.rng = rng;
      relay.tunnelLimits = options.tcpLimits ?? relay.tunnelLimits;
    }
    this.outboundRelay.mirrors = new MirrorSender(this.outboundRelay);
    this.#doors = new Doors({
      clock,
      inboundRelay: this.inboundRelay,
      outboundRelay: this.outboundRelay,
      connections: this.connections,
      counter: options.connectionCounter ?? null,
      onLimit: options.onLimit ?? (() => {}),
      workload: () => this.#doc!.workload,
    });
    this.upstream = new Upstream({
      clock,
      wheel,
      rng,
      transport,
      originTls: new OriginTls(),
      trust,
      codec: this.#doors.buildClient,
      limits: options.limits ?? defaultUpstreamLimits,
      meterOf: this.#meterOfDialled,
      introduce: (head) => head.set(workloadField, this.outboundRelay.workload),
    });
    const contracts = new ContractReaders();
    const { want } = options;
    this.services = new ServiceTable({ upstream: this.upstream, rng, contracts, want });
    this.admissions = new Admissions(clock, options.onLimit ?? (() => {}));
    this.#inbound = new InboundTable(this.upstream, contracts, this.admissions);
    this.#gateway = new GatewayTable(this.services, rng);
    this.#egress = new Egress(this.upstream, options.resolver);
    this.listeners = new Listeners(transport, options.sockets, options.log);
  }

  /** What it acts on; null before the first snapshot. */
  get doc(): ProxyDoc | null {
    return this.#doc;
  }

  apply(snapshot: Snapshot, refused: readonly RefusedDocument[]): readonly RefusedDocument[] {
    const doc = snapshot.documents.get("proxy");
    const byKey = new Map(refused.map(({ document, errors }) => [document, errors]));
    if (doc?.kind === "proxy" && !byKey.has("proxy")) {
      this.#doc = doc;
      this.outboundRelay.workload = `${doc.workload.name} ${doc.workload.uid}`;
    }
    this.services.apply(snapshot, byKey, this.#doc?.workload ?? null);
    if (this.#doc !== null) {
      this.#inbound.apply(this.#doc, snapshot);
      this.#gateway.apply(this.#doc.gateway);
      this.#options.names?.apply(this.#doc);
      this.listeners.reconcile(this.#wanted(this.#doc));
      this.#inbound.forgetGone(this.#heldSlots);
      this.services.forgetGone(this.#heldSlots);
    }
    this.services.flush();
    return this.#doc === null ? [] : problemsOf(this.#doc);
  }

  /** New credentials: connections made with older ones are not used again, and a first identity opens the door. */
  onNewGeneration(): void {
    this.upstream.onNewGeneration();
    if (this.#doc !== null) this.listeners.reconcile(this.#wanted(this.#doc));
  }

  /** Grows with whatever telemetry has to tell. */
  get activity(): number {
    const inFlight = this.inboundRelay.inFlight + this.outboundRelay.inFlight;
    const endings = this.#ids.last - inFlight;
    return this.#ids.last + endings + this.connections.changes;
  }

  /** Callers are told to go elsewhere; nothing that still comes is refused. The application's own calls go on. */
  drainInbound(): void {
    this.inboundRelay.drain();
    this.connections.drain("inbound");
  }

  /** All of it: what is in flight finishes. Calls `callback` when nothing is in flight any more. */
  drainAll(callback: () => void): void {
    this.inboundRelay.drain();
    this.outboundRelay.drain();
    this.connections.drain(null);
    this.inboundRelay.whenIdle(() => this.outboundRelay.whenIdle(callback));
  }

  /** Ends everything at once. */
  close(): void {
    this.listeners.closeAll();
    this.connections.reset();
    this.upstream.close();
  }

  /** Dialled connections: outbound to others, inbound to our own application. */
  readonly #meterOfDialled = (
    service: ServiceKey,
    port: number,
    isOwn: boolean,
  ): ConnectionMeter | null => {
    const direction = service === "" ? "egress" : isOwn ? "inbound" : "outbound";
    const of = { service, port, peer: "dst" } as const;
    return this.#options.connectionCounter?.connections(direction, of) ?? null;
  };

  readonly #heldSlots = (): ReadonlySet<FrontendSlot | null> => this.connections.slots();

  #wanted(doc: ProxyDoc): readonly WantedListener[] {
    const wanted: WantedListener[] = [];
    if (doc.inbound !== null && this.#canProveItself(doc.workload)) {
      wanted.push({
        doc: doc.inbound.listener,
        tls: this.#inboundTls(doc.workload),
        accept: this.#acceptInbound,
      });
    }
    for (const { listener, service, port } of doc.outbound) {
      const slot = this.services.slot(service, port);
      wanted.push({ doc: listener, tls: null, accept: this.#acceptLocal("outbound", slot) });
    }
    for (const gateway of doc.gateway) {
      const slot = this.#gateway.slot(gateway.name);
      wanted.push({ doc: gateway.listener, tls: null, accept: this.#acceptLocal("gateway", slot) });
    }
    const { names } = this.#options;
    if (doc.capture !== undefined && names !== undefined) {
      wanted.push({ doc: doc.capture.listener, tls: null, accept: names.accept });
    }
    if (doc.forwardProxy !== null) {
      wanted.push({ doc: doc.forwardProxy, tls: null, accept: this.#acceptForwardProxy });
    }
    return wanted;
  }

  /** Before its first certificate a workload answers nobody. */
  #canProveItself(workload: WorkloadDoc): boolean {
    return workload.identity === null || (this.#options.trust?.credentials() ?? null) !== null;
  }

  #inboundTls(workload: WorkloadDoc): WantedListener["tls"] {
    const { trust } = this.#options;
    if (workload.identity === null || trust === null) return null;
    return {
      credentials: () => {
        const credentials = trust.credentials();
        if (credentials === null) throw new Error("no certificate yet");
        return credentials;
      },
      selectAlpn: this.#inbound.selectAlpn,
      verify: trust.verifyPeer,
    };
  }

  readonly #acceptInbound: Accept = (connection) => {
    const slot = this.#inbound.slotFor(connection.peer);
    return slot === null ? null : this.#doors.acceptInbound(connection, slot);
  };

  #acceptLocal(direction: "outbound" | "gateway", slot: FrontendSlot): Accept {
    return (connection) => this.#doors.acceptLocal(direction, connection, slot);
  }

  readonly #acceptForwardProxy: Accept = (connection) => {
    const options = {
      context: this.outboundRelay,
      services: this.services,
      egress: this.#egress,
      doc: () => this.#doc!,
      serveTunnel: this.#doors.serveTunnel,
    };
    const onClose = () => this.connections.remove(connection);
    return this.#doors.acceptForwardProxy(
      connection,
      (source) => new ForwardProxyDoor(options, source, onClose),
    );
  };
}

/** What in a well-formed proxy document cannot be acted on. */
function problemsOf(doc: ProxyDoc): readonly RefusedDocument[] {
  const errors: string[] = [];
  if (doc.inbound !== null && doc.workload.identity === null && doc.inbound.ports.length > 1) {
    errors.push(
      "inbound.ports: without an identity peers cannot say which port they want: expected one",
    );
  }
  return errors.length === 0 ? [] : [{ document: "proxy", errors }];
}
