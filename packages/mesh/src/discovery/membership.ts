import type { Clock, Timer } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Rng } from "../base/rng.ts";
import { prove } from "../identity/attest.ts";
import { leafSpiffeId, leafValidity, type Validity } from "../identity/certificate.ts";
import type { GenerationFolder } from "../identity/generation.ts";
import { generateKey, type KeyPair, keyFingerprint } from "../identity/key.ts";
import { Rotation } from "../identity/rotate.ts";
import { expectPeer, makePeerVerifier } from "../identity/verify-peer.ts";
import { isControl } from "../identity/well-known.ts";
import type { Address } from "../model/address.ts";
import { parseSpiffeId } from "../model/identity.ts";
import type { ServiceKey } from "../model/service-key.ts";
import type { PeerVerifier, TlsCredentials, Transport } from "../net/transport.ts";
import { ControlLink, type ControlLinkEvents } from "./control.ts";
import { enrol } from "./enrol.ts";
import type { Enrolled } from "./protocol.ts";
import { SnapshotHolder, type SnapshotSink } from "./snapshot-holder.ts";

export interface MembershipOptions {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  readonly transport: Transport;
  readonly control: Address;
  readonly workloadUid: string;
  readonly build: string;
  readonly folder: GenerationFolder;
  /** Asks whoever started this proxy for a one-time token for a key. Rejects when there is none in time. */
  readonly requestToken: (keyFingerprint: string) => Promise<GrantedToken>;
  readonly sink: SnapshotSink;
  readonly events: MembershipEvents;
}

export interface GrantedToken {
  readonly token: string;
  readonly bundlePem: string;
}

export interface MembershipEvents extends ControlLinkEvents {
  /** New credentials are in use: a new key, a new leaf. Listeners ask `credentials()` at each handshake. */
  onCredentials(credentials: TlsCredentials): void;
}

const enrolBackoffMinMs = 200;
const enrolBackoffMaxMs = 10_000;
/** Changes within this time are saved together, in ms: what is lost with the power is asked for again. */
const saveDelayMs = 500;
/** After so many dials that ended in distrust, a new identity is asked for: the mesh has a new root. */
const distrustMax = 3;

/**
 * A workload's membership of the mesh: its identity and its documents, from the disk first, from the control plane
 * while there is one, and on the disk again.
 *
 *   open ─▶ good leaf on disk? ──yes──▶ serve from disk, link, renew at 70 %
 *                 └──no──▶ key ─▶ token ─▶ enrol ─▶ save ─▶ link, renew at 70 %
 */
export class Membership {
  readonly #options: MembershipOptions;
  readonly #holder: SnapshotHolder;
  readonly #link: ControlLink;
  readonly #rotation: Rotation;
  /** Accepts members of the mesh, whoever they are; callers narrow it down. */
  readonly verifyMember: PeerVerifier;
  #credentials: TlsCredentials | null = null;
  #memberVerifier: PeerVerifier | null = null;
  #isEnrolling = false;
  #distrusted = 0;
  #enrolFailures = 0;
  #isClosed = false;
  #saving: Promise<void> = Promise.resolve();
  #saveTimer: Timer | null = null;
  #enrolTimer: Timer | null = null;

  private constructor(options: MembershipOptions) {
    const { clock, rng, log, transport, control, workloadUid, build, events } = options;
    this.#options = options;
    this.#holder = new SnapshotHolder(options.sink, () => this.#saveSoon());
    this.verifyMember = (chain) => this.#verifier()(chain);
    this.#rotation = new Rotation({ clock, rng, log, renew: () => this.#renew() });
    this.#link = new ControlLink({
      clock,
      rng,
      log,
      transport,
      control,
      workloadUid,
      build,
      credentials: () => this.credentials(),
      verify: expectPeer(this.verifyMember, isControl),
      holder: this.#holder,
      events: {
        onConnected: () => {
          this.#distrusted = 0;
          events.onConnected();
        },
        onDisconnected: (detail) => this.#onDisconnected(detail),
        onRequest: (request) => events.onRequest(request),
        onCancel: (id) => events.onCancel(id),
        onRecorded: (recorded) => events.onRecorded(recorded),
      },
    });
  }

  /**
   * Starts from the disk where it can: then `sink.apply` has been called with the last documents when the promise is
   * fulfilled, and `credentials()` works. Everything else happens later and for ever.
   */
  static async open(options: MembershipOptions): Promise<Membership> {
    const membership = new Membership(options);
    await membership.#open();
    return membership;
  }

  get isConnected(): boolean {
    return this.#link.isConnected;
  }

  /** What to dial and listen with now. Throws before the first identity (`onCredentials` says when it is there). */
  credentials(): TlsCredentials {
    if (this.#credentials === null) throw new Error("no identity yet");
    return this.#credentials;
  }

  /** A service is used; says so to the control plane the first time. */
  want(service: ServiceKey): void {
    const fresh = this.#holder.use([service]);
    if (fresh.length > 0) this.#link.want(fresh);
  }

  summary(body: unknown): void {
    this.#link.summary(body);
  }

  records(line: string): void {
    this.#link.records(line);
  }

  answer(id: number, items: readonly unknown[], done: boolean, dropped: number): void {
    this.#link.answer(id, items, done, dropped);
  }

  /** Ends the link and saves what is not saved. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#rotation.close();
    this.#enrolTimer?.cancel();
    this.#link.close();
    if (this.#saveTimer !== null) this.#saveNow();
    await this.#saving;
  }

  async #open(): Promise<void> {
    const generation = await this.#options.folder.load();
    const validity = generation === null ? null : validityOrNull(generation.credentials);
    const isGood = validity !== null && validity.notAfterMs > this.#options.clock.wallMs();
    // The documents are of use also with a leaf that has ended: names and listeners work again at once.
    if (generation !== null) this.#holder.restore(generation.snapshot);
    if (!isGood) {
      this.#options.log.info({ expired: validity !== null }, "no good leaf on disk; enrolling");
      return void this.#enrol();
    }
    this.#use(generation!.credentials, validity!);
    this.#link.start();
  }

  #use(credentials: TlsCredentials, validity: Validity): void {
    this.#credentials = credentials;
    this.#options.events.onCredentials(credentials);
    this.#rotation.follow(validity);
  }

  #onDisconnected(detail: string | null): void {
    if (detail?.startsWith("identity-mismatch") && ++this.#distrusted >= distrustMax) {
      this.#distrusted = 0;
      void this.#enrol();
    }
    this.#options.events.onDisconnected(detail);
  }

  async #enrol(): Promise<void> {
    if (this.#isEnrolling || this.#isClosed) return;
    this.#isEnrolling = true;
    const { clock, rng, log, transport, control, workloadUid, requestToken } = this.#options;
    try {
      const key = await generateKey();
      const { token, bundlePem } = await requestToken(keyFingerprint(key.publicPem)!);
      const enrolled = await enrol({
        clock,
        transport,
        control,
        workloadUid,
        key,
        token,
        bundlePem,
      });
      if (this.#isClosed) return;
      await this.#adopt(key, enrolled);
      this.#enrolFailures = 0;
      this.#isEnrolling = false;
      this.#link.start();
    } catch (cause) {
      this.#isEnrolling = false;
      if (this.#isClosed) return;
      const limitMs = Math.min(enrolBackoffMaxMs, enrolBackoffMinMs * 2 ** this.#enrolFailures++);
      const delayMs = limitMs * (0.5 + rng.float() / 2);
      log.warn({ cause: (cause as Error).message, retryInMs: Math.round(delayMs) }, "not enrolled");
      this.#enrolTimer = clock.after(delayMs, () => void this.#enrol());
    }
  }

  async #renew(): Promise<Validity> {
    const { workloadUid, clock } = this.#options;
    const { notAfterMs } = leafValidity(this.credentials().chainPem);
    if (notAfterMs <= clock.wallMs()) void this.#enrol(); // nobody lets us in with this leaf
    const key = await generateKey();
    const proof = prove({ purpose: "renew", workloadUid }, key.privatePem);
    const enrolled = await this.#link.renew(key.publicPem, proof);
    return this.#adopt(key, enrolled);
  }

  /** Puts a new leaf to use, and the disk knows it first: a restart must not find an older one. */
  async #adopt(key: KeyPair, { chainPem, bundlePem }: Enrolled): Promise<Validity> {
    const spiffeId = leafSpiffeId(chainPem);
    if (spiffeId === null) throw new Error("the leaf is not an X.509 SVID");
    const generation = (this.#credentials?.generation ?? 0) + 1;
    const credentials = { generation, spiffeId, keyPem: key.privatePem, chainPem, bundlePem };
    const validity = leafValidity(chainPem);
    await this.#saveGeneration(credentials);
    this.#use(credentials, validity);
    return validity;
  }

  #verifier(): PeerVerifier {
    const { spiffeId } = this.credentials();
    this.#memberVerifier ??= makePeerVerifier({
      bundlePem: () => this.credentials().bundlePem,
      trustDomain: parseSpiffeId(spiffeId)?.trustDomain ?? null,
      clock: this.#options.clock,
    });
    return this.#memberVerifier;
  }

  #saveSoon(): void {
    if (this.#saveTimer !== null || this.#credentials === null || this.#isClosed) return;
    this.#saveTimer = this.#options.clock.after(saveDelayMs, () => this.#saveNow());
  }

  #saveNow(): void {
    this.#saveTimer?.cancel();
    this.#saveTimer = null;
    const credentials = this.#credentials;
    if (credentials === null) return;
    this.#saveGeneration(credentials).catch((cause) => {
      this.#options.log.error({ cause: String(cause) }, "generation not saved");
    });
  }

  #saveGeneration(credentials: TlsCredentials): Promise<void> {
    const save = async () => {
      await this.#options.folder.save({ credentials, snapshot: this.#holder.saved() });
    };
    const saved = this.#saving.then(save);
    this.#saving = saved.catch(() => {});
    return saved;
  }
}

function validityOrNull(credentials: TlsCredentials): Validity | null {
  try {
    return leafValidity(credentials.chainPem);
  } catch {
    return null;
  }
}
