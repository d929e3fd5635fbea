import type { Timer } from "@heddle/mesh/base/clock.ts";
import {
  type Answer,
  controlAlpn,
  controlServerName,
  enrolAlpn,
} from "@heddle/mesh/discovery/protocol.ts";
import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { guestIdentity, isGuest } from "@heddle/mesh/identity/well-known.ts";
import type { Address } from "@heddle/mesh/model/address.ts";
import type {
  BoundSocket,
  Connection,
  ConnectionEvents,
  Listening,
  PeerVerifier,
  TlsCredentials,
  Transport,
} from "@heddle/mesh/net/transport.ts";
import { StatWindow } from "@heddle/mesh/telemetry/stat-window.ts";
import { parseSummary, type SummaryBody } from "@heddle/mesh/telemetry/summary.ts";
import type { Tokens } from "../ca/tokens.ts";
import type { Touched } from "../watch/controller.ts";
import type { ServeContext } from "./context.ts";
import { serveEnrolment } from "./enrolment.ts";
import { Requests } from "./requests.ts";
import { Session } from "./session.ts";

export interface DoorOptions {
  readonly context: ServeContext;
  readonly transport: Transport;
  readonly at: Address | BoundSocket;
  /** Who we are; asked at every handshake. */
  readonly credentials: () => TlsCredentials;
  /** Accepts members of the mesh. A peer without any certificate is let in to enrol, and nowhere else. */
  readonly verifyMember: PeerVerifier;
  readonly tokens: Tokens;
}

/** How far back counters are told, in ms. */
const statWindowMs = 60_000;

/** The proxies' door: enrolments and control connections, over mutual TLS. */
export class Door {
  readonly stats = new StatWindow(statWindowMs);
  readonly requests: Requests;
  readonly #options: DoorOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #summaries = new Map<string, SummaryBody>();
  /** Of workloads that are gone: until their traffic is forgotten. */
  readonly #farewells = new Set<Timer>();
  #listening: Listening | null = null;

  private constructor(options: DoorOptions) {
    this.#options = options;
    this.requests = new Requests(() => this.#sessions.values());
  }

  static async open(options: DoorOptions): Promise<Door> {
    const door = new Door(options);
    const { transport, at, credentials, verifyMember } = options;
    const guest = guestIdentity("guest");
    door.#listening = await transport.listen(
      {
        at,
        tls: {
          credentials,
          selectAlpn: (serverName, offered) => {
            if (serverName !== controlServerName) return null;
            return [controlAlpn, enrolAlpn].find((alpn) => offered.includes(alpn)) ?? null;
          },
          verify: (chain) => (chain.length === 0 ? { ok: true, id: guest } : verifyMember(chain)),
        },
      },
      (connection) => door.#accept(connection),
    );
    return door;
  }

  get address(): Address {
    return this.#listening!.address;
  }

  /** The control connection of a workload's proxy; null while there is none. */
  session(uid: string): Session | null {
    return this.#sessions.get(uid) ?? null;
  }

  /** The newest counters of a workload's proxy. */
  summary(uid: string): SummaryBody | null {
    return this.#summaries.get(uid) ?? null;
  }

  /** Those of all proxies, by workload uid. */
  summaries(): Iterable<readonly [uid: string, summary: SummaryBody]> {
    return this.#summaries;
  }

  /** Documents changed: everybody concerned is told. */
  onDocuments(touched: Touched): void {
    for (const session of this.#sessions.values()) session.onDocuments(touched);
    for (const uid of touched.uids) this.#forgetIfGone(uid);
  }

  async close(): Promise<void> {
    await this.#listening?.close();
    for (const session of this.#sessions.values()) session.line.end();
    for (const timer of this.#farewells) timer.cancel();
  }

  /** A workload that is gone for good; its traffic of the last minute stays told. */
  #forgetIfGone(uid: string): void {
    const { controller, clock } = this.#options.context;
    if (controller.views.has(uid)) return;
    this.#sessions.get(uid)?.line.end();
    if (!this.#summaries.delete(uid)) return;
    const timer = clock.after(statWindowMs, () => {
      this.#farewells.delete(timer);
      this.stats.remove(uid);
    });
    this.#farewells.add(timer);
  }

  #accept(connection: Connection): ConnectionEvents | null {
    const { context, tokens } = this.#options;
    const { peer } = connection;
    if (peer === null) return null;
    if (peer.alpn === enrolAlpn) return serveEnrolment(connection, tokens, context);
    if (isGuest(peer.id)) return null; // only enrolment takes those that nobody vouches for
    return new Session(connection, peer.id, context, {
      onHello: (session) => this.#onHello(session),
      onSummary: (uid, body) => this.#onSummary(uid, body),
      onAnswer: (session, answer) => this.#onAnswer(session, answer),
      onRecords: (session, batch) => this.#onRecords(session, batch),
      onClose: (session) => this.#onClose(session),
    }).line;
  }

  /** A proxy that dials again before its old connection is known to be dead replaces it. */
  #onHello(session: Session): void {
    const uid = session.uid!;
    const old = this.#sessions.get(uid);
    this.#sessions.set(uid, session);
    if (old !== undefined) this.requests.onGone(uid); // what it was asked is asked of the new one
    old?.line.fail("replaced by a newer connection");
    this.#options.context.controller.setConnected(uid, true);
    this.requests.onSession(session);
  }

  #onSummary(uid: string, body: unknown): void {
    const { controller, clock, log } = this.#options.context;
    if (!controller.views.has(uid)) return; // forgotten already, and nobody would forget it again
    const summary = parseSummary(body);
    if (summary === null) {
      log.debug({ uid }, "summary not understood");
      return;
    }
    this.#summaries.set(uid, summary);
    this.stats.add(uid, summary, clock.monotonicMs());
  }

  #onAnswer(session: Session, answer: Answer): void {
    this.requests.onAnswer(session, answer);
  }

  /** What a proxy recorded, in the words of its own; whose it is, we know. */
  #onRecords(session: Session, batch: RecordedBatch): void {
    const { recordings, controller } = this.#options.context;
    const uid = session.uid!;
    const view = controller.views.get(uid);
    if (view === undefined) return; // gone for good: nobody asks for its traffic by name any more
    const { name, namespace } = view;
    recordings.take({ ...batch, workload: { uid, name, namespace } }, (next) => {
      session.onRecorded(batch, next);
    });
  }

  #onClose(session: Session): void {
    const { uid } = session;
    if (uid === null || this.#sessions.get(uid) !== session) return;
    this.#sessions.delete(uid);
    this.requests.onGone(uid);
    this.#options.context.controller.setConnected(uid, false);
  }
}
