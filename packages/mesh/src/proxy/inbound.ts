import { Placement, slotOwner } from "../balance/placement.ts";
import type {
  EndpointsDoc,
  InboundPortDoc,
  ProxyDoc,
  ServiceDoc,
  ServiceKey,
} from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import { type PortProtocol, spokenVersion } from "../model/protocol.ts";
import { parseServerName } from "../model/server-name.ts";
import type { Peer } from "../net/transport.ts";
import { type Admission, ruleField } from "../policy/admission.ts";
import {
  type Frontend,
  type FrontendSlot,
  type Gate,
  type Source,
  workloadField,
} from "../relay/frontend.ts";
import { tcpAlpn } from "../relay/tcp.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { Backend } from "../upstream/backend.ts";
import type { Upstream } from "../upstream/upstream.ts";
import type { Admissions } from "./admissions.ts";
import type { ContractReaders } from "./contract-readers.ts";
import { clientIdField } from "./fields.ts";

/** How long a connection to the application beside us may take, in ms. */
const appConnectTimeoutMs = 1000;

interface InboundPort {
  readonly service: ServiceKey;
  readonly port: number;
  readonly backend: Backend;
  readonly slot: FrontendSlot;
}

/**
 * What this workload answers for: the ports of services that it backs. A peer names one of them in its TLS handshake and
 * gets that one or none; what it then asks for by key is answered only if the key's slot is ours, and as far as the
 * service takes it in.
 */
export class InboundTable {
  readonly #upstream: Upstream;
  readonly #contracts: ContractReaders;
  readonly #admissions: Admissions;
  readonly #ports = new Map<string, InboundPort>();
  /** Of ports that were ours: a connection from then serves again when its port comes back. */
  readonly #goneSlots = new Map<string, FrontendSlot>();
  #workloadUid = "";

  constructor(upstream: Upstream, contracts: ContractReaders, admissions: Admissions) {
    this.#upstream = upstream;
    this.#contracts = contracts;
    this.#admissions = admissions;
  }

  apply(doc: ProxyDoc, snapshot: Snapshot): void {
    this.#workloadUid = doc.workload.uid;
    const wanted = new Map(
      (doc.inbound?.ports ?? []).map((port) => [`${port.service}:${port.port}`, port]),
    );
    for (const [key, port] of this.#ports) {
      if (wanted.has(key)) continue;
      // Connections that are open still point at it; their callers go elsewhere.
      port.slot.frontend = goneFrontend(port.slot.frontend);
      port.backend.close();
      this.#ports.delete(key);
      this.#goneSlots.set(key, port.slot);
    }
    const services = new Set([...wanted.values()].map(({ service }) => service));
    this.#admissions.keep(services);
    const admissions = new Map(
      [...services].map((one) => [one, this.#admissions.of(one, snapshot)]),
    );
    for (const [key, port] of wanted) {
      this.#applyPort(key, port, { snapshot, admission: admissions.get(port.service) ?? null });
    }
  }

  /** Forgets what is left of ports that were ours where no connection points at it any more. */
  forgetGone(held: () => ReadonlySet<FrontendSlot | null>): void {
    if (this.#goneSlots.size === 0) return;
    const slots = held();
    for (const [key, slot] of this.#goneSlots) if (!slots.has(slot)) this.#goneSlots.delete(key);
  }

  /** The protocol for a peer that asks for `serverName`, or null: it is not ours to answer. */
  readonly selectAlpn = (serverName: string, offered: readonly string[]): string | null => {
    const port = this.#find(serverName);
    if (port === null) return null;
    const carried = alpnOf[port.slot.frontend.protocol ?? "http"];
    return offered.find((name) => carried.includes(name)) ?? null;
  };

  /** Where requests of a new connection go: what its handshake named, or, without TLS, the only port there is. */
  slotFor(peer: Peer | null): FrontendSlot | null {
    if (peer !== null) return this.#find(peer.serverName)?.slot ?? null;
    const [only] = this.#ports.values();
    return this.#ports.size === 1 ? only!.slot : null;
  }

  #find(serverName: string): InboundPort | null {
    const name = parseServerName(serverName);
    if (name === null || name.workloadUid !== this.#workloadUid) return null;
    return this.#ports.get(`${name.namespace}/${name.service}:${name.port}`) ?? null;
  }

  #applyPort(
    key: string,
    doc: InboundPortDoc,
    { snapshot, admission }: { readonly snapshot: Snapshot; readonly admission: Admission | null },
  ): void {
    let port = this.#ports.get(key);
    if (port === undefined) {
      const backend = new Backend(this.#upstream.context, doc.service, doc.port);
      const slot = this.#goneSlots.get(key) ?? { frontend: inboundFrontend(doc, { backend }) };
      this.#goneSlots.delete(key);
      port = { service: doc.service, port: doc.port, backend, slot };
      this.#ports.set(key, port);
    }
    const app = this.#upstream.endpoint({
      uid: "app",
      workload: "app",
      address: doc.target,
      identity: null,
      isOwn: true,
    });
    const target = app.target(doc.service, doc.port);
    target.originTls = doc.tls ?? null;
    const service = snapshot.documents.get(`service/${doc.service}`) as ServiceDoc | undefined;
    port.backend.apply({
      policy: {
        picker: "round-robin",
        connectTimeoutMs: appConnectTimeoutMs,
        requestTimeoutMs: null,
        queueMax: 0,
        failfastMs: 0,
      },
      placement: null,
      slots: null,
      contract: this.#contracts.of(service?.contract ?? null),
      fault: null, // the caller's proxy has met it
      speaks: spokenVersion(doc.protocol),
      members: [{ target, phase: "ready" }],
    });
    const gate = buildSlotGate(doc.service, this.#workloadUid, snapshot);
    port.slot.frontend = inboundFrontend(doc, { backend: port.backend, gate, admission });
  }
}

const http: readonly string[] = ["http/1.1", "h2"];
/** What peers may carry to a port: requests in their caller's version of HTTP, for it is translated here, or octets. */
const alpnOf: Readonly<Record<PortProtocol, readonly string[]>> = {
  detect: [...http, tcpAlpn],
  http,
  http1: http,
  h2c: http,
  tls: [tcpAlpn],
  opaque: [tcpAlpn],
};

interface InboundParts {
  readonly backend: Backend;
  readonly gate?: Gate | null;
  readonly admission?: Admission | null;
}

function inboundFrontend(
  doc: InboundPortDoc,
  { backend, gate = null, admission = null }: InboundParts,
): Frontend {
  return {
    direction: "inbound",
    service: doc.service,
    port: doc.port,
    fails: originFault(doc),
    protocol: doc.protocol,
    pending: null,
    edit: (head, source) => {
      // Where something is taken in by rule, the relay reads and removes it.
      if (admission === null && head.get(ruleField) !== null) head.remove(ruleField);
      if (source.identity === null) return;
      head.set(clientIdField, source.identity);
      const said = head.get(workloadField);
      if (said !== null) learnPeer(head, source, said);
    },
    gate,
    admission,
    routes: null,
    backend,
    backendOf: () => backend,
    requestTimeoutMs: null,
    budgetOf: null,
    isEdge: false,
  };
}

/** Where the process is to be spoken to with TLS and it is not known how, nothing is sent to it. */
function originFault({ tls }: InboundPortDoc): Frontend["fails"] {
  if (tls === undefined || tls.fails === null) return null;
  return { reason: "invalid-backend", detail: tls.fails };
}

/** A peer's proxy has said beside which workload it stands; it is not the application's to know. */
function learnPeer(head: RequestHead, source: Source, said: string): void {
  const [name, uid] = said.split(" ");
  head.remove(workloadField);
  // Whoever has a certificate may say anything here, and it is recorded and read by people.
  source.name = name !== undefined && /^[a-z0-9.-]{1,253}$/.test(name) ? name : null;
  source.placement = { workloadUid: uid ?? null, identity: source.identity };
}

function goneFrontend(before: Frontend): Frontend {
  const detail = `${before.service}:${before.port} is not answered here any more`;
  return { ...before, fails: { reason: "misdirected", detail } };
}

/**
 * Refuses keys of slots that belong to another workload, so that two processes never answer for one key. Null where
 * there is nothing to check: no placement, or one that moves.
 */
function buildSlotGate(service: ServiceKey, workloadUid: string, snapshot: Snapshot): Gate | null {
  const doc = snapshot.documents.get(`service/${service}`) as ServiceDoc | undefined;
  const endpoints = snapshot.documents.get(`endpoints/${service}`) as EndpointsDoc | undefined;
  const slots = endpoints?.slots ?? null;
  if (!doc?.placement || slots === null || doc.placement.whenAway === "move") return null;
  const placement = new Placement(doc.placement);
  return (head, source) => {
    const slot = placement.slotOf(head, source.placement);
    if (slot < 0) return null;
    const owner = slotOwner(slots, slot);
    if (owner === workloadUid) return null;
    return { reason: "misdirected", detail: `slot ${slot} belongs to workload ${owner ?? "none"}` };
  };
}
