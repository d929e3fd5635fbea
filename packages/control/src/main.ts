import { randomBytes, randomUUID, X509Certificate } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { leafValidity } from "@heddle/mesh/identity/certificate.ts";
import { Rotation } from "@heddle/mesh/identity/rotate.ts";
import { makePeerVerifier } from "@heddle/mesh/identity/verify-peer.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import { receiveSocket } from "@heddle/mesh/net/bound-socket.ts";
import { openTransport } from "@heddle/mesh/net/open-transport.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import type { BoundSocket } from "@heddle/mesh/net/transport.ts";
import { bootId } from "@heddle/mesh/proxy/boot-id.ts";
import { type Mesh, meshSettings } from "@heddle/mesh/resource/heddle/mesh.ts";
import { Digester } from "@heddle/mesh/snapshot/digest.ts";
import { destination, pino } from "pino";
import { GuestWatch } from "./api/exec.ts";
import { Facts } from "./api/facts.ts";
import { isIntent } from "./api/is-intent.ts";
import { publish } from "./api/publish.ts";
import { Resources } from "./api/resources.ts";
import { ApiServer } from "./api/server.ts";
import { Authority, createRoot } from "./ca/authority.ts";
import { hashKeyOf } from "./ca/hash-key.ts";
import { OwnIdentity } from "./ca/own-identity.ts";
import { openRoot } from "./ca/root-folder.ts";
import { Tokens } from "./ca/tokens.ts";
import { openShelf } from "./recording/open-shelf.ts";
import { ProcessStarts } from "./recording/process-starts.ts";
import { Recordings } from "./recording/recordings.ts";
import { IntentLog } from "./revision/intent-log.ts";
import { Rollouts } from "./rollout/rollouts.ts";
import { Door } from "./serve/door.ts";
import { HostChannel } from "./serve/host-channel.ts";
import { Leftovers } from "./serve/leftovers.ts";
import { ClaimedEvents } from "./status/claimed-events.ts";
import { Events } from "./status/events.ts";
import { StatusWriter } from "./status/status-writer.ts";
import { DamagedFileError, exitDamaged } from "./store/damaged-file.ts";
import { SqliteStore } from "./store/sqlite.ts";
import { countStart } from "./store/starts.ts";
import type { Store } from "./store/store.ts";
import { Controller } from "./watch/controller.ts";
import { apiSocket, proxiesFolder, proxySocket } from "./watch/desired.ts";
import { builtInWrites } from "./watch/objects.ts";
import { Orphans } from "./watch/orphans.ts";

const version = "0.1.0";
const usage = "usage: heddle control --state DIR";

/**
 * `heddle control`: the control plane as a process. Under a supervisor (an IPC channel) its sockets are passed to it and
 * it ends with its supervisor; alone it binds its own, and runs nothing.
 *
 *   store, root → controller → (sockets) → proxies' door → API → api.json
 */
async function main(): Promise<void> {
  process.umask(0o077); // what we write is ours alone
  const host = new HostChannel();
  const { values } = parseArgs({ options: { state: { type: "string" } } });
  if (values.state === undefined) {
    process.stderr.write(`${usage}\n`);
    process.exitCode = 64;
    return;
  }
  const stateDir = resolve(values.state);
  const clock = new SystemClock();
  const level = process.env["HEDDLE_LOG"] ?? "info";
  const log = pino({ level, base: null }, destination({ fd: 2, sync: true }));
  const startedWallMs = clock.wallMs();
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const store = SqliteStore.open({
    path: join(stateDir, "store.db"),
    newEpoch: () => randomUUID(),
  });
  const intent = await IntentLog.open(store, clock, isIntent);
  for (const write of builtInWrites(randomUUID, clock.wallMs())) await store.commit([write]);
  const guests = new GuestWatch(store, clock, isAlive);
  await guests.start();
  const trustDomain = await trustDomainOf(store);
  const { root, isNew } = await openRoot(join(stateDir, "ca"), () =>
    createRoot({ clock, randomBytes, trustDomain }),
  );
  const authority = new Authority({ root, clock, randomBytes });
  const own = new OwnIdentity(authority, trustDomain);
  await own.renew();
  const tokens = new Tokens(clock, () => randomBytes(32).toString("base64url"));
  const settled = new Set<() => void>();
  const leftovers = new Leftovers(join(stateDir, proxiesFolder));
  const parts: Parts = {
    controller: null,
    door: null,
    api: null,
    status: null,
    claimedEvents: null,
    orphans: null,
    rollouts: null,
  };
  const controller = await Controller.open({
    store,
    clock,
    log,
    newUid: () => randomUUID(),
    revision: () => intent.revision,
    endpointsVersion: (await countStart(store)) * 2 ** 32,
    stateDir,
    hashKey: hashKeyOf(root),
    workingDir: dirname(stateDir),
    events: {
      onDesired: (desired) => host.tell(desired),
      onDocuments: (touched) => parts.door?.onDocuments(touched),
      onSettled: () => {
        parts.status?.onSettled();
        parts.claimedEvents?.onSettled();
        parts.orphans?.onSettled();
        if (parts.controller === null) return;
        leftovers.onSettled(parts.controller.views);
        void own.follow(meshSettings(parts.controller.index.inputs.mesh).trustDomain);
        for (const callback of [...settled]) callback();
      },
    },
  });
  parts.controller = controller;
  intent.follow(() => controller.poke());
  parts.status = new StatusWriter({ store, controller, clock, log });
  parts.orphans = new Orphans(controller.objects, intent, log);
  const events = new Events({ store, clock, log, newUid: () => randomUUID() });
  parts.claimedEvents = new ClaimedEvents({ controller, events, clock });
  const boot = bootId();
  const recordings = new Recordings({
    shelf: openShelf(join(stateDir, "recorded.db"), log),
    clock,
    log,
    boot,
    workloads: () => controller.views.keys(),
  });
  const starts = new ProcessStarts({
    clock,
    boot,
    workloadOf: (uid) => controller.objects.workloadOf(uid),
    onStart: (start) => recordings.start(start),
  });
  const rotation = new Rotation({
    clock,
    rng: new SeededRng(randomBytes(4).readUInt32LE()),
    log,
    renew: async () => leafValidity((await own.renew()).chainPem),
  });
  rotation.follow(leafValidity(own.credentials.chainPem));
  const { transport, backEnd, detail } = await openTransport({ clock });
  log.info(
    { backEnd, detail, isRootNew: isNew, revision: intent.revision },
    "control plane starts",
  );

  const openDoor = async (at: BoundSocket | null) => {
    const bundlePem = () => authority.bundlePem;
    parts.door = await Door.open({
      context: { clock, log, controller, authority, digester: new Digester(), recordings },
      transport,
      at: at ?? tcp("127.0.0.1", 0),
      credentials: () => own.credentials,
      // Whoever our own root vouches for; a session's workload must be the one that its certificate names.
      verifyMember: makePeerVerifier({ bundlePem, trustDomain: null, clock }),
      tokens,
    });
    return parts.door;
  };
  const openApi = async (handle: unknown, door: Door) => {
    const resources = new Resources({ store, intent, clock, newUid: () => randomUUID() });
    parts.rollouts = new Rollouts({
      store,
      intent,
      events,
      clock,
      log,
      summaries: () => door.summaries(),
      prepare: (kind, resource, stored) => resources.prepare(kind, resource, stored),
    });
    const facts = new Facts({
      controller,
      door,
      clock,
      about: {
        version,
        epoch: store.epoch,
        startedWallMs,
        rootFingerprint: authority.fingerprint,
        isRootNew: isNew,
        rootExpiresWallMs: new X509Certificate(authority.bundlePem).validToDate.getTime(),
      },
    });
    const token = randomBytes(32).toString("base64url");
    parts.api = await ApiServer.open({
      context: {
        store,
        clock,
        intent,
        resources,
        facts,
        door,
        controller,
        recordings,
        status: parts.status!,
        events,
        log,
        newUid: () => randomUUID(),
        onSettled: (callback) => {
          settled.add(callback);
          return () => settled.delete(callback);
        },
      },
      token,
      version,
      log,
      listen: handle === null ? null : { handle },
    });
    await publish(stateDir, parts.api.port, token);
    log.info({ port: parts.api.port }, "API listens");
  };

  let isEnding = false;
  const end = async (why: string) => {
    if (isEnding) return;
    isEnding = true;
    log.info({ why }, "control plane ends");
    rotation.close();
    guests.close();
    parts.status?.close();
    parts.rollouts?.close();
    parts.claimedEvents?.close();
    events.close();
    controller.close();
    await Promise.all([parts.api?.close(), parts.door?.close()]);
    recordings.close();
    await store.close();
    process.exit(0);
  };
  process.on("SIGTERM", () => void end("SIGTERM"));
  process.on("SIGINT", () => void end("SIGINT"));

  if (!host.isThere) {
    controller.bind({ type: "sockets", ports: {}, failed: {} });
    controller.observe({ type: "observed", workloads: [] });
    await openApi(null, await openDoor(null));
    return;
  }
  process.on("disconnect", () => void end("the supervisor is gone"));
  const sockets = new Map<string, unknown>();
  let isOpening = false;
  host.follow((message, handle) => {
    switch (message.type) {
      case "observed":
        controller.observe(message);
        starts.observe(message);
        return;
      case "sockets":
        controller.bind(message);
        return;
      case "token-wanted":
        if (controller.identityOf(message.workloadUid) === null) return; // asked again, or for nobody
        host.tell({
          type: "token",
          workloadUid: message.workloadUid,
          token: tokens.issue(message.workloadUid, message.keyFingerprint),
          bundlePem: authority.bundlePem,
        });
        return;
      case "event":
        log.info({ uid: message.workloadUid }, message.message);
        return;
      case "socket": {
        sockets.set(message.name, handle);
        const [api, door] = [sockets.get(apiSocket), sockets.get(proxySocket)];
        if (api === undefined || door === undefined || isOpening) return;
        isOpening = true;
        openDoor(receiveSocket(door))
          .then((opened) => openApi(api, opened))
          .catch((cause) => {
            log.fatal({ cause: String(cause) }, "cannot listen");
            process.exit(1);
          });
      }
    }
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function trustDomainOf(store: Store): Promise<string> {
  const key = { collection: "meshes.heddle.dev", namespace: "", name: "mesh" };
  return meshSettings((await store.get(key)) as Mesh | null).trustDomain;
}

/** What is opened one after the other. */
interface Parts {
  controller: Controller | null;
  door: Door | null;
  api: ApiServer | null;
  status: StatusWriter | null;
  claimedEvents: ClaimedEvents | null;
  orphans: Orphans | null;
  rollouts: Rollouts | null;
}

await main().catch((error: unknown) => {
  if (!(error instanceof DamagedFileError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exit(exitDamaged);
});
