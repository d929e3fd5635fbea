import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@heddle/mesh/base/log.ts";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { Membership, type MembershipEvents } from "@heddle/mesh/discovery/membership.ts";
import { GenerationFolder } from "@heddle/mesh/identity/generation.ts";
import { generateKey } from "@heddle/mesh/identity/key.ts";
import { makePeerVerifier } from "@heddle/mesh/identity/verify-peer.ts";
import { controlIdentity } from "@heddle/mesh/identity/well-known.ts";
import type { Address } from "@heddle/mesh/model/address.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import { openTransport } from "@heddle/mesh/net/open-transport.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import type { Transport } from "@heddle/mesh/net/transport.ts";
import { findKind } from "@heddle/mesh/resource/index.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { Digester } from "@heddle/mesh/snapshot/digest.ts";
import type { Snapshot } from "@heddle/mesh/snapshot/snapshot.ts";
import { Authority, createRoot } from "../src/ca/authority.ts";
import { Tokens } from "../src/ca/tokens.ts";
import type { Desired, ProcessObserved } from "../src/host/link.ts";
import { MemoryShelf } from "../src/recording/memory-shelf.ts";
import { Recordings } from "../src/recording/recordings.ts";
import type { Shelf } from "../src/recording/shelf.ts";
import { Door } from "../src/serve/door.ts";
import { ClaimedEvents } from "../src/status/claimed-events.ts";
import { Events } from "../src/status/events.ts";
import { StatusWriter } from "../src/status/status-writer.ts";
import { keyOf } from "../src/store/collection.ts";
import { MemoryStore } from "../src/store/memory.ts";
import type { Store, Watching } from "../src/store/store.ts";
import { Controller } from "../src/watch/controller.ts";

type Parts = Pick<
  Plane,
  | "controller"
  | "door"
  | "tokens"
  | "authority"
  | "transport"
  | "store"
  | "status"
  | "recordings"
  | "events"
  | "claimedEvents"
>;

/** A control plane without processes: the test says what the supervisor sees. Real sockets, real certificates. */
export class Plane {
  readonly clock = new SystemClock();
  readonly controller: Controller;
  readonly door: Door;
  readonly tokens: Tokens;
  readonly authority: Authority;
  readonly transport: Transport;
  readonly store: Store;
  readonly status: StatusWriter;
  readonly recordings: Recordings;
  readonly events: Events;
  readonly claimedEvents: ClaimedEvents;
  /** The latest revision of intent. */
  revision: () => number = () => 0;
  desired: Desired = { type: "desired", sockets: [], workloads: [] };
  readonly #ready = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #followers = new Set<() => void>();
  #watching: Watching | null = null;

  private constructor(parts: Parts) {
    this.controller = parts.controller;
    this.door = parts.door;
    this.tokens = parts.tokens;
    this.authority = parts.authority;
    this.transport = parts.transport;
    this.store = parts.store;
    this.status = parts.status;
    this.recordings = parts.recordings;
    this.events = parts.events;
    this.claimedEvents = parts.claimedEvents;
  }

  /** With the store and root of an earlier one it is its next life. */
  static async open(earlier: Earlier = {}): Promise<Plane> {
    const { store = new MemoryStore("epoch"), authority, ready = [], shelf } = earlier;
    const clock = new SystemClock();
    const { transport } = await openTransport({ clock });
    const trustDomain = "heddle.local";
    const ca =
      authority ??
      new Authority({
        root: await createRoot({ clock, randomBytes, trustDomain }),
        clock,
        randomBytes,
      });
    const key = await generateKey();
    const id = controlIdentity(trustDomain);
    const credentials = {
      generation: 1,
      spiffeId: id,
      keyPem: key.privatePem,
      chainPem: await ca.issue(id, key.publicPem),
      bundlePem: ca.bundlePem,
    };
    const holder: { plane: Plane | null } = { plane: null };
    const controller = await Controller.open({
      store,
      clock,
      log: silentLog,
      newUid: randomUUID,
      revision: () => holder.plane?.revision() ?? 0,
      endpointsVersion: ready.length === 0 ? 0 : 2 ** 32,
      stateDir: "/nowhere",
      hashKey: "0".repeat(32),
      workingDir: "/nowhere",
      events: {
        onDesired: (desired) => holder.plane?.onDesired(desired),
        onDocuments: (touched) => holder.plane?.door.onDocuments(touched),
        onSettled: () => {
          holder.plane?.status.onSettled();
          holder.plane?.claimedEvents.onSettled();
          holder.plane?.wake();
        },
      },
    });
    const tokens = new Tokens(clock, () => randomBytes(32).toString("base64url"));
    const recordings = new Recordings({
      shelf: shelf ?? new MemoryShelf(),
      clock,
      log: silentLog,
      boot: "boot",
      workloads: () => controller.views.keys(),
    });
    const digester = new Digester();
    const context = { clock, log: silentLog, controller, authority: ca, digester, recordings };
    const door = await Door.open({
      context,
      transport,
      at: tcp("127.0.0.1", 0),
      credentials: () => credentials,
      verifyMember: makePeerVerifier({ bundlePem: () => ca.bundlePem, trustDomain, clock }),
      tokens,
    });
    const status = new StatusWriter({ store, controller, clock, log: silentLog });
    const events = new Events({ store, clock, log: silentLog, newUid: randomUUID });
    const claimedEvents = new ClaimedEvents({ controller, events, clock });
    const parts = {
      controller,
      door,
      tokens,
      authority: ca,
      transport,
      store,
      status,
      recordings,
      events,
      claimedEvents,
    };
    const plane = new Plane(parts);
    for (const name of ready) plane.#ready.add(name);
    holder.plane = plane;
    plane.#watching = store.watch(null, () => plane.wake());
    controller.poke();
    return plane;
  }

  /** Puts resources into the store as they are. */
  async apply(...resources: readonly Resource[]): Promise<void> {
    for (const resource of resources) {
      const kind = findKind(resource.apiVersion, resource.kind)!;
      const key = keyOf(kind, resource);
      const op = (await this.store.get(key)) === null ? "create" : "update";
      const named = {
        ...resource,
        metadata: { uid: randomUUID(), ...resource.metadata, namespace: key.namespace },
      };
      const write = { op, key, object: named, expect: null } as const;
      const outcome = await this.store.commit([write]);
      if (!outcome.ok) throw new Error(outcome.problem);
    }
  }

  onDesired(desired: Desired): void {
    this.desired = desired;
    const ports = Object.fromEntries(
      desired.sockets.map(({ name }) => [name, portFor(`socket ${name}`)]),
    );
    this.controller.bind({ type: "sockets", ports, failed: {} });
    this.report();
  }

  /** The application of a workload passes its probe from now on, or does not. */
  setReady(name: string, isReady: boolean): void {
    if (isReady) this.#ready.add(name);
    else this.#ready.delete(name);
    this.report();
  }

  report(): void {
    const process = (ready: boolean): ProcessObserved => ({
      phase: "running",
      ready,
      pid: 1,
      restarts: 0,
      reason: ready ? null : "readiness: connection refused",
      sinceWallMs: 0,
      startedMs: null,
    });
    this.controller.observe({
      type: "observed",
      workloads: this.desired.workloads
        .filter(({ drain }) => !drain)
        .map(({ uid, name, app }) => ({
          uid,
          app: app === null ? null : process(this.#ready.has(name)),
          proxy: process(true),
          isOutdated: false,
          ports: Object.fromEntries(
            (app?.ports ?? []).map((port) => [port.name, portFor(`${name} ${port.name}`)]),
          ),
        })),
    });
  }

  /** Resolves once `found` gives something. Looks again after every pass of the controller and every snapshot. */
  async until<T>(what: string, found: () => T | null | undefined | false): Promise<T> {
    const deadline = AbortSignal.timeout(10_000);
    for (;;) {
      const value = found();
      if (value !== null && value !== undefined && value !== false) return value;
      if (deadline.aborted) throw new Error(`not within 10 s: ${what}`);
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        deadline.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  /** Calls back when something may be different, until the function returned is called. */
  onSettled(callback: () => void): () => void {
    this.#followers.add(callback);
    return () => this.#followers.delete(callback);
  }

  wake(): void {
    for (const follower of [...this.#followers]) follower();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  uidOf(name: string): string | null {
    return this.controller.objects.workloads.get(`default/${name}`)?.metadata.uid ?? null;
  }

  /** Starts the control plane's half of a proxy for a workload, in a folder of its own unless one is given. */
  async join(name: string, options: JoinOptions = {}): Promise<Member> {
    const uid = await this.until(`workload ${name}`, () => this.uidOf(name));
    return Member.open(this, uid, options);
  }

  async close(): Promise<void> {
    this.#watching?.close();
    this.status.close();
    this.claimedEvents.close();
    this.events.close();
    this.controller.close();
    await this.door.close();
    this.recordings.close();
  }
}

export interface Earlier {
  readonly store?: Store;
  readonly shelf?: Shelf;
  readonly authority?: Authority;
  /** Workloads whose application is ready all along. */
  readonly ready?: readonly string[];
}

export interface JoinOptions {
  readonly folder?: string;
  readonly control?: Address;
  /** Documents that the runtime cannot act on. */
  readonly refuse?: (snapshot: Snapshot) => readonly { document: string; errors: string[] }[];
  readonly events?: Partial<MembershipEvents>;
}

/** A proxy as far as discovery goes. */
export class Member {
  readonly uid: string;
  readonly folder: string;
  readonly membership: Membership;
  readonly snapshots: Snapshot[];

  private constructor(parts: Pick<Member, "uid" | "folder" | "membership" | "snapshots">) {
    this.uid = parts.uid;
    this.folder = parts.folder;
    this.membership = parts.membership;
    this.snapshots = parts.snapshots;
  }

  static async open(plane: Plane, uid: string, options: JoinOptions): Promise<Member> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "heddle-member-")));
    const snapshots: Snapshot[] = [];
    const membership = await Membership.open({
      clock: plane.clock,
      rng: new SeededRng(1),
      log: silentLog,
      transport: plane.transport,
      control: options.control ?? plane.door.address,
      workloadUid: uid,
      build: "test",
      folder: new GenerationFolder(folder),
      requestToken: async (fingerprint) => ({
        token: plane.tokens.issue(uid, fingerprint),
        bundlePem: plane.authority.bundlePem,
      }),
      sink: {
        apply: (snapshot) => {
          snapshots.push(snapshot);
          plane.wake();
          return options.refuse?.(snapshot) ?? [];
        },
      },
      events: {
        onCredentials: () => plane.wake(),
        onConnected: () => plane.wake(),
        onDisconnected: () => plane.wake(),
        onRequest: () => {},
        onCancel: () => {},
        onRecorded: () => {},
        ...options.events,
      },
    });
    return new Member({ uid, folder, membership, snapshots });
  }

  get latest(): Snapshot | undefined {
    return this.snapshots.at(-1);
  }

  /** State of each endpoint of a service, by workload, in the newest snapshot. */
  endpoints(service: string): Readonly<Record<string, string>> | null {
    return this.endpointsAt(this.snapshots.length - 1, service);
  }

  /** The services that its own document of this index says it backs. */
  serves(index: number): readonly string[] {
    const document = this.snapshots[index]?.documents.get("proxy");
    if (document?.kind !== "proxy") return [];
    return (document.inbound?.ports ?? []).map((port) => port.service);
  }

  /** As `endpoints`, in the snapshot of this index. */
  endpointsAt(index: number, service: string): Readonly<Record<string, string>> | null {
    const document = this.snapshots[index]?.documents.get(`endpoints/default/${service}`);
    if (document?.kind !== "endpoints") return null;
    return Object.fromEntries(
      document.endpoints.map(({ workload, state }) => [workload, state.phase]),
    );
  }

  async close(): Promise<void> {
    await this.membership.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A port number that depends on the name alone. Nobody listens there. */
function portFor(name: string): number {
  let hash = 7;
  for (const char of name) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0;
  return 20_000 + (hash % 40_000);
}
