import type { Timer } from "@heddle/mesh/base/clock.ts";
import { parseProxyMessage } from "@heddle/mesh/discovery/codec.ts";
import { LineConnection } from "@heddle/mesh/discovery/lines.ts";
import type {
  Ack,
  Answer,
  ControlMessage,
  Hello,
  Nack,
  ProxyMessage,
  Renew,
} from "@heddle/mesh/discovery/protocol.ts";
import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { unpackBatch } from "@heddle/mesh/history/unpack-batch.ts";
import { isProven } from "@heddle/mesh/identity/attest.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import type { Connection } from "@heddle/mesh/net/transport.ts";
import { diffSnapshots, sameVersion, versionOf } from "@heddle/mesh/snapshot/diff.ts";
import type { Snapshot } from "@heddle/mesh/snapshot/snapshot.ts";
import type { Touched } from "../watch/controller.ts";
import type { ServeContext } from "./context.ts";

export interface SessionEvents {
  /** The proxy said who it is, and may be it. */
  onHello(session: Session): void;
  onSummary(uid: string, body: unknown): void;
  onAnswer(session: Session, answer: Answer): void;
  /** To be answered with `onRecorded`. */
  onRecords(session: Session, batch: RecordedBatch): void;
  onClose(session: Session): void;
}

/** The first line must come within this time, in ms. */
const helloTimeoutMs = 10_000;
const pingMs = 10_000;
/** A proxy that answered no ping for so long is gone, in ms. */
const silenceMs = 25_000;
/** A delta that is not acknowledged within this time ends the connection; the proxy dials again. */
const ackTimeoutMs = 30_000;

/**
 * A proxy's control connection, on our side. One delta is under way at a time; what changes meanwhile waits as "dirty"
 * and goes out as one delta from what was acknowledged to what is newest: latest wins, and a slow proxy costs no memory.
 *
 *   hello awaited ──hello──▶ current ──change──▶ delta out ──ack──▶ current
 *                                          changes meanwhile ──▶ dirty ──ack──▶ delta out
 */
export class Session {
  readonly peer: SpiffeId;
  readonly line: LineConnection;
  readonly #context: ServeContext;
  readonly #events: SessionEvents;
  #uid: string | null = null;
  #acknowledged: Snapshot | null = null;
  #underWay: Snapshot | null = null;
  #refused = new Map<string, readonly string[]>();
  #isDirty = false;
  /** Stores for which a batch is under way. */
  readonly #recording = new Set<RecordedBatch["store"]>();
  #lastHeardMs: number;
  #timer: Timer;
  #ackTimer: Timer | null = null;

  constructor(
    connection: Connection,
    peer: SpiffeId,
    context: ServeContext,
    events: SessionEvents,
  ) {
    this.peer = peer;
    this.#context = context;
    this.#events = events;
    this.#lastHeardMs = context.clock.monotonicMs();
    this.line = new LineConnection({
      onOpen: () => {},
      onMessage: (message) => this.#onMessage(message),
      onDrain: () => {},
      onClose: (detail) => this.#onClose(detail),
    }).attach(connection);
    this.#timer = context.clock.after(helloTimeoutMs, () => this.line.fail("no hello in time"));
  }

  /** The workload, once it said hello. */
  get uid(): string | null {
    return this.#uid;
  }

  /** Does it run the newest that is meant for it? */
  get isCurrent(): boolean {
    return this.#uid !== null && this.#underWay === null && !this.#isDirty;
  }

  send(message: ControlMessage): void {
    this.line.send(message);
  }

  /** Documents changed. */
  onDocuments({ all, uids, services }: Touched): void {
    const uid = this.#uid;
    if (uid === null) return;
    if (all || uids.has(uid) || this.#concerns(uid, services)) this.#push();
  }

  /** Does it hold a document of one of `services`, or shall it? */
  #concerns(uid: string, services: ReadonlySet<string>): boolean {
    const held = (this.#underWay ?? this.#acknowledged)?.documents;
    if (held === undefined) return true;
    for (const key of services) {
      if (held.has(`service/${key}`) || held.has(`endpoints/${key}`)) return true;
    }
    // A document that was not there before may be one that is waited for.
    return !this.#context.controller.sliceServices(uid).isDisjointFrom(services);
  }

  #onMessage(received: unknown): void {
    this.#lastHeardMs = this.#context.clock.monotonicMs();
    const message = parseProxyMessage(received);
    if (typeof message === "string") this.line.fail(message);
    else if (message.type === "hello") this.#onHello(message);
    else if (this.#uid === null) this.line.fail("hello expected");
    else this.#dispatch(this.#uid, message);
  }

  #dispatch(uid: string, message: Exclude<ProxyMessage, Hello>): void {
    switch (message.type) {
      case "ack":
        this.#onAck(uid, message);
        return;
      case "nack":
        this.#onNack(message);
        return;
      case "want":
        if (this.#context.controller.want(uid, message.services)) this.#push();
        return;
      case "summary":
        this.#events.onSummary(uid, message.body);
        return;
      case "answer":
        this.#events.onAnswer(this, message);
        return;
      case "records":
        this.#onRecords(uid, message.batch);
        return;
      case "renew":
        void this.#renew(uid, message);
        return;
      case "pong":
        return;
    }
  }

  #onHello(hello: Hello): void {
    const { controller, digester } = this.#context;
    const { workloadUid: uid } = hello;
    if (this.#uid !== null && this.#uid !== uid) {
      this.line.fail("another workload on one connection");
      return;
    }
    if (controller.identityOf(uid) !== this.peer) {
      this.#context.log.warn({ uid, peer: this.peer }, "hello of a workload that the peer is not");
      this.line.fail("not that workload");
      return;
    }
    const isFirst = this.#uid === null;
    this.#uid = uid;
    controller.want(uid, hello.wants);
    this.#underWay = null;
    this.#acknowledged = this.#known(uid, hello, (snapshot) => digester.digest(snapshot.documents));
    if (this.#acknowledged !== null) {
      controller.acknowledged(uid, this.#acknowledged, controller.proxies.get(uid).refused);
    }
    if (isFirst) {
      this.#ping();
      this.#events.onHello(this);
    }
    this.#push();
  }

  /** What the proxy says it has, where we know what that is: the newest, or what it last acknowledged. */
  #known(uid: string, hello: Hello, digest: (of: Snapshot) => string): Snapshot | null {
    const { version } = hello;
    const { controller } = this.#context;
    if (version === null || version.epoch !== controller.version.epoch) return null;
    const newest = controller.snapshotFor(uid);
    for (const candidate of [newest, controller.proxies.get(uid).acknowledged]) {
      if (candidate !== null && digest(candidate) === hello.digest) {
        return { ...versionOf(version), documents: candidate.documents };
      }
    }
    return null;
  }

  /** Sends what is new, unless something is under way: then after that. */
  #push(): void {
    const { controller, digester, clock } = this.#context;
    if (this.#underWay !== null) {
      this.#isDirty = true;
      return;
    }
    this.#isDirty = false;
    const next = this.#uid === null ? null : controller.snapshotFor(this.#uid);
    if (next === null) return;
    if (this.#acknowledged !== null && sameVersion(this.#acknowledged, next)) return;
    this.#underWay = next;
    this.#refused = new Map();
    this.send({ type: "delta", delta: diffSnapshots(this.#acknowledged, next, digester) });
    this.#ackTimer?.cancel();
    this.#ackTimer = clock.after(ackTimeoutMs, () => this.line.fail("delta not acknowledged"));
  }

  #onAck(uid: string, ack: Ack): void {
    const underWay = this.#underWay;
    if (underWay === null || !sameVersion(underWay, ack)) return; // of a delta that a hello overtook
    this.#ackTimer?.cancel();
    this.#acknowledged = underWay;
    this.#underWay = null;
    this.#context.controller.acknowledged(uid, underWay, this.#refused);
    if (this.#isDirty) this.#push();
  }

  #onNack(nack: Nack): void {
    if (this.#underWay === null || !sameVersion(this.#underWay, nack)) return;
    this.#refused.set(nack.document, nack.errors);
    const { log } = this.#context;
    log.warn({ uid: this.#uid, document: nack.document, errors: nack.errors }, "document refused");
  }

  /** The batch is kept. */
  onRecorded({ life, store }: Pick<RecordedBatch, "life" | "store">, next: number): void {
    this.#recording.delete(store);
    this.send({ type: "recorded", life, store, next });
  }

  #onRecords(uid: string, received: unknown): void {
    const batch = unpackBatch(received);
    if (typeof batch === "string") this.line.fail(`records: ${batch}`);
    else if (batch.workload.uid !== uid) this.line.fail("records of another workload");
    else if (this.#recording.has(batch.store)) this.line.fail("records before the last were kept");
    else {
      this.#recording.add(batch.store);
      this.#events.onRecords(this, batch);
    }
  }

  async #renew(uid: string, { publicKeyPem, proof }: Renew): Promise<void> {
    const { authority, controller, log } = this.#context;
    const isStill = controller.identityOf(uid) === this.peer;
    if (!isStill || !isProven({ purpose: "renew", workloadUid: uid }, publicKeyPem, proof)) {
      this.send({ type: "refused", reason: isStill ? "proof does not hold" : "no such workload" });
      return;
    }
    try {
      const chainPem = await authority.issue(this.peer, publicKeyPem);
      this.send({ type: "enrolled", chainPem, bundlePem: authority.bundlePem });
    } catch (cause) {
      log.error({ cause: String(cause), uid }, "leaf not issued");
      this.send({ type: "refused", reason: "leaf not issued" });
    }
  }

  #ping(): void {
    const { clock } = this.#context;
    this.#timer.cancel();
    if (clock.monotonicMs() - this.#lastHeardMs > silenceMs) {
      this.line.fail("proxy is silent");
      return;
    }
    this.send({ type: "ping" });
    this.#timer = clock.after(pingMs, () => this.#ping());
  }

  #onClose(detail: string | null): void {
    this.#timer.cancel();
    this.#ackTimer?.cancel();
    if (detail !== null) {
      this.#context.log.info({ uid: this.#uid, detail }, "control connection lost");
    }
    this.#events.onClose(this);
  }
}
