import type { EndpointRow, MeshInfo, WorkloadRow } from "@heddle/control/api/verbs.ts";
import { type Rng, SeededRng } from "@heddle/mesh/base/rng.ts";
import type { Definition } from "@heddle/mesh/contract/definition.ts";
import type { Consistency } from "@heddle/mesh/contract/verdict.ts";
import type { ProcessStart } from "@heddle/mesh/history/batch.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import type { ContractDoc } from "@heddle/mesh/model/document.ts";
import { openTransport } from "@heddle/mesh/net/open-transport.ts";
import type { ApiClient } from "../api/client.ts";
import { type Guest, openGuest } from "../api/guest.ts";
import type { World } from "../command/world.ts";
import { exits, Fault } from "../render/fault.ts";
import { Driver } from "./driver.ts";
import { findRecords } from "./find-records.ts";
import { type Joined, RecordJoin } from "./join.ts";
import { type MadeFault, makeFault } from "./made-fault.ts";
import { DrivePlan } from "./plan.ts";
import { ProcessSignals } from "./process-signals.ts";
import { Signals, type Strike, type Victim } from "./signals.ts";

export interface DriveSubject {
  readonly namespace: string;
  readonly service: string;
  readonly definition: Definition;
  readonly doc: ContractDoc;
  readonly consistency: Consistency;
}

export type FaultKind = "kill" | "pause" | "delay" | "reset";

export interface DriveSettings {
  readonly callers: number;
  readonly seed: number;
  readonly keys: number;
  readonly operations: number;
  readonly forMs: number | null;
  readonly faults: readonly FaultKind[];
}

export interface DriveResult extends Joined {
  readonly starts: readonly ProcessStart[];
  readonly tookMs: number;
  readonly strikes: readonly Strike[];
  /** What callers' proxies were told to do; null: nothing. */
  readonly fault: MadeFault | null;
  /** Is there a mesh between the callers and the service whose records could be compared? */
  readonly isMeshed: boolean;
  readonly keys: readonly string[];
}

export interface DriveWatcher {
  /** Called now and then with what is over so far. */
  onProgress(done: number): void;
}

/** What our workloads' names begin with. */
const NAME = "verify-";
/** Between two words about the progress, in ms. */
const PROGRESS_MS = 250;

/**
 * Drives a service as one workload of the mesh, and gives what its callers saw, with what the mesh recorded of it. `stop`
 * ends it early, with all that was made or paused for it undone and what there is as the result.
 */
export class DriveSession {
  readonly #world: World;
  readonly #api: ApiClient;
  readonly #subject: DriveSubject;
  readonly #settings: DriveSettings;
  #driver: Driver | null = null;
  #signals: Signals | null = null;
  #isStopped = false;

  constructor(options: {
    readonly world: World;
    readonly api: ApiClient;
    readonly subject: DriveSubject;
    readonly settings: DriveSettings;
  }) {
    this.#world = options.world;
    this.#api = options.api;
    this.#subject = options.subject;
    this.#settings = options.settings;
  }

  /** No further operation begins. */
  stop(): void {
    this.#isStopped = true;
    this.#driver?.stop();
  }

  /** What must be undone even where nothing else can be: paused processes go on. */
  release(): void {
    this.#signals?.stop();
  }

  async run(watcher: DriveWatcher): Promise<DriveResult> {
    const { clock } = this.#world;
    const { namespace } = this.#subject;
    const { profile } = await this.#api.verb<MeshInfo>("info");
    this.#mustBeAbleTo(profile);
    await this.#mustBeAlone();
    const name = `${NAME}${Math.floor(clock.wallMs()).toString(36).slice(-6)}`;
    const guest = await openGuest(this.#api, { name, namespace, serviceAccountName: null });
    try {
      return await this.#drive(guest, profile === "run", watcher);
    } finally {
      await guest.close();
    }
  }

  /** @throws Fault where faults are asked for that nobody could make. */
  #mustBeAbleTo(profile: string): void {
    const kind = this.#settings.faults.find((each) => each === "delay" || each === "reset");
    if (profile === "run" || kind === undefined) return;
    throw new Fault(
      exits.usage,
      `profile ${profile}: no proxy here is told to ${kind} requests`,
      `${this.#world.program} verify ${this.#subject.service} --drive --faults kill,pause`,
    );
  }

  /** @throws Fault where somebody else drives: each would take the other's writes for the service's. */
  async #mustBeAlone(): Promise<void> {
    const rows = await this.#api.verb<readonly WorkloadRow[]>("ps");
    const other = rows.find(
      ({ name, namespace, process }) =>
        process === null && namespace === this.#subject.namespace && name.startsWith(NAME),
    );
    if (other === undefined) return;
    throw new Fault(
      exits.no,
      `somebody else drives here, as workload ${other.name}: two drives write to the same keys`,
      `${this.#world.program} ps`,
    );
  }

  async #drive(guest: Guest, isMeshed: boolean, watcher: DriveWatcher): Promise<DriveResult> {
    const { clock } = this.#world;
    const { seed } = this.#settings;
    const rng = new SeededRng(seed);
    const plan = this.#plan(rng);
    const driver = await this.#open(guest, plan);
    const signals = this.#openSignals(rng.fork("signals"));
    const fault = await makeFault(this.#api, {
      guest: guest.grant,
      service: this.#subject.service,
      kinds: this.#settings.faults,
      seed,
      author: this.#world.author,
    });
    const fromMs = clock.monotonicMs();
    try {
      this.#driver = driver;
      if (this.#isStopped) driver.stop();
      signals.start();
      await this.#watch(driver, watcher);
    } finally {
      signals.stop();
      await fault?.remove();
    }
    const tookMs = clock.monotonicMs() - fromMs;
    const { signatures } = this.#subject.definition;
    const changing = signatures.filter(({ changes }) => changes).map(({ name }) => name);
    const join = new RecordJoin(driver.driven, guest.grant.name, changing);
    const { namespace, service } = this.#subject;
    const asked = { api: this.#api, clock, namespace, service, fromMs, isMeshed };
    const starts = await findRecords(join, asked);
    const { strikes } = signals;
    const joined = isMeshed ? join.result() : await this.#direct(driver, guest);
    return { ...joined, starts, tookMs, strikes, fault, isMeshed, keys: plan.keys };
  }

  #plan(rng: Rng): DrivePlan {
    const { definition, doc, consistency } = this.#subject;
    const { callers, keys } = this.#settings;
    const isOwn = consistency === "caller"; // judges only keys with one writer
    return new DrivePlan({ definition, key: doc.key, rng, callers, keys, isOwn });
  }

  async #open(guest: Guest, plan: DrivePlan): Promise<Driver> {
    const { clock } = this.#world;
    const { namespace, service, doc } = this.#subject;
    const { callers, operations, forMs } = this.#settings;
    const { transport } = await openTransport({ clock });
    const url = urlOf(guest.grant.env, service);
    return new Driver({
      clock,
      transport,
      plan,
      callers,
      address: tcp(url.hostname, Number(url.port)),
      authority: url.host,
      service: { name: `${namespace}/${service}:${url.port}`, contract: doc },
      name: guest.grant.name,
      operations,
      forMs,
    });
  }

  #openSignals(rng: Rng): Signals {
    const { clock } = this.#world;
    const kinds = this.#settings.faults.filter((kind) => kind === "kill" || kind === "pause");
    const processes = new ProcessSignals();
    const signals = new Signals({
      clock,
      rng,
      kinds,
      victims: () => this.#victims(),
      send: (pid, signal) => processes.send(pid, signal),
    });
    this.#signals = signals;
    return signals;
  }

  /** The processes behind the service, by name. */
  async #victims(): Promise<readonly Victim[]> {
    const { namespace, service } = this.#subject;
    const query = { namespace, service };
    const [rows, endpoints] = await Promise.all([
      this.#api.verb<readonly WorkloadRow[]>("ps"),
      this.#api.verb<readonly EndpointRow[]>("endpoints", { query }),
    ]);
    const uids = new Set(endpoints.map(({ uid }) => uid));
    return rows.flatMap(({ uid, name, app }) =>
      uids.has(uid) && app?.pid != null ? [{ workload: name, pid: app.pid }] : [],
    );
  }

  async #watch(driver: Driver, watcher: DriveWatcher): Promise<void> {
    const { clock } = this.#world;
    let isOver = false;
    const look = () => {
      if (isOver) return;
      watcher.onProgress(driver.driven.length);
      clock.after(PROGRESS_MS, look);
    };
    look();
    try {
      await driver.run();
    } finally {
      isOver = true;
      watcher.onProgress(driver.driven.length);
    }
  }

  /** Without proxies whoever has the address has answered. */
  async #direct(driver: Driver, { grant }: Guest): Promise<Joined> {
    const { port } = urlOf(grant.env, this.#subject.service);
    const rows = await this.#api.verb<readonly WorkloadRow[]>("ps");
    const owner = rows.find(({ ports }) => Object.values(ports).includes(Number(port)));
    const answeredBy = owner?.name ?? null;
    const operations = driver.operations.map((operation) => ({ ...operation, answeredBy }));
    return { operations, missing: 0, foreignKeys: new Set() };
  }
}

/** Where a workload finds the service, as its environment says. @throws Fault. */
function urlOf(env: Readonly<Record<string, string>>, service: string): URL {
  const name = `${service.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}_SERVICE_URL`;
  const url = env[name];
  if (url !== undefined) return new URL(url);
  throw new Fault(exits.no, `no workload is told where Service ${service} is: no ${name}`);
}
