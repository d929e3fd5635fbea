import type { Desired, Observed, SocketsBound, WorkloadSpec } from "@heddle/control/host/link.ts";
import { proxySocket } from "@heddle/control/watch/desired.ts";
import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { Rng } from "@heddle/mesh/base/rng.ts";
import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import type { BoundSocket } from "@heddle/mesh/net/transport.ts";
import { CallerApp } from "./caller-app.ts";
import { type ControlDisk, ControlLife } from "./control-life.ts";
import { identityOf } from "./credentials.ts";
import type { KeptSession } from "./kept-session.ts";
import { KvsApp, type KvsPort, kvsPorts } from "./kvs-app.ts";
import type { Oracle } from "./oracle.ts";
import { type ProxyDisk, ProxyLife } from "./proxy-life.ts";
import type { Talks } from "./talks.ts";

/** A workload as it runs: what outlives its processes, and their present lives. */
export interface Running {
  spec: WorkloadSpec;
  readonly appPorts: Readonly<Record<KvsPort, number>>;
  readonly disk: ProxyDisk;
  app: KvsApp | null;
  proxy: ProxyLife | null;
  isDraining: boolean;
}

export interface SupervisorOptions {
  readonly network: SimulatedNetwork;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly oracle: Oracle;
  readonly talks: Talks;
  /** The caller's. */
  readonly kept: KeptSession;
  readonly controlDisk: ControlDisk;
}

/**
 * Holds the sockets, starts what is desired, starts again what was killed, and reports; itself it never dies. What is
 * said between it and the control plane takes a moment and is lost when the control plane dies.
 */
export class Supervisor {
  readonly workloads = new Map<string, Running>();
  control: ControlLife | null = null;
  caller: CallerApp | null = null;
  readonly #options: SupervisorOptions;
  readonly #sockets = new Map<string, BoundSocket & { readonly address: Address }>();
  #ports = 30_000;
  #isReporting = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#bind(proxySocket);
    void this.#startControl();
  }

  /** Running now, by name. */
  named(name: string): Running | null {
    for (const running of this.workloads.values()) if (running.spec.name === name) return running;
    return null;
  }

  /** Names of processes that can be killed now. */
  processes(): readonly string[] {
    const names: string[] = this.control === null ? [] : ["control"];
    for (const { spec, app, proxy } of this.workloads.values()) {
      if (app !== null) names.push(spec.name);
      if (proxy !== null) names.push(`${spec.name}/proxy`);
    }
    return names;
  }

  /** Ends the process at once and starts it again after `pauseMs`. */
  kill(name: string, pauseMs: number): void {
    const { network, clock } = this.#options;
    network.kill(name);
    if (name === "control") {
      this.control?.close();
      this.control = null;
      clock.after(pauseMs, () => void this.#startControl());
      return;
    }
    const running = this.named(name.replace("/proxy", ""));
    if (running === null) return;
    if (name.endsWith("/proxy")) running.proxy = null;
    else {
      running.app = null;
      this.#options.oracle.process(name, false);
    }
    this.#report();
    clock.after(pauseMs, () => this.#start(running));
  }

  async #startControl(): Promise<void> {
    const { network, clock, controlDisk, oracle } = this.#options;
    const process = network.process("control");
    const life = await ControlLife.open({
      process,
      clock,
      disk: controlDisk,
      socket: this.#sockets.get(proxySocket)!,
      oracle,
      onDesired: (desired) => clock.after(1, () => this.#onDesired(desired)),
    });
    if (process.isDead) return;
    this.control = life;
    // It may be asked by proxies long before it is told what is.
    clock.after(this.#options.rng.below(400), () => this.#report());
  }

  #onDesired({ sockets, workloads }: Desired): void {
    for (const { name } of sockets) this.#bind(name);
    const wanted = new Set(workloads.map(({ uid }) => uid));
    for (const [uid, running] of this.workloads) if (!wanted.has(uid)) this.#stop(uid, running);
    for (const spec of workloads) {
      let running = this.workloads.get(spec.uid);
      if (running === undefined) {
        const appPorts = eachPort(() => ++this.#ports);
        const disk = { saved: null };
        running = { spec, appPorts, disk, app: null, proxy: null, isDraining: false };
        this.workloads.set(spec.uid, running);
        this.#start(running);
      }
      running.spec = spec;
      running.proxy?.retrySockets();
      if (spec.drain && !running.isDraining) this.#drain(running);
    }
    this.#report();
  }

  /** Callers know already, so as soon as nothing is in flight the application goes, and its proxy last. */
  #drain(running: Running): void {
    const { clock, network } = this.#options;
    running.isDraining = true;
    running.proxy?.workload.drainInbound();
    const look = (): void => {
      if ((running.proxy?.workload.inboundRelay.inFlight ?? 0) > 0) {
        clock.after(5, look);
        return;
      }
      network.kill(running.spec.name);
      running.app = null;
      clock.after(50, () => {
        network.kill(`${running.spec.name}/proxy`);
        running.proxy = null;
        this.#report();
      });
    };
    clock.after(5, look);
  }

  #stop(uid: string, { spec }: Running): void {
    this.workloads.delete(uid);
    this.#options.network.kill(spec.name);
    this.#options.network.kill(`${spec.name}/proxy`);
  }

  #start(running: Running): void {
    const { spec, disk } = running;
    const { network, clock, rng, oracle, talks, kept } = this.#options;
    if (running.isDraining || !this.workloads.has(spec.uid)) return;
    const life = `${spec.name}@${clock.monotonicMs()}`;
    const account = spec.name.replace(/-\d+$/, "");
    running.proxy ??= new ProxyLife({
      process: network.process(`${spec.name}/proxy`),
      clock,
      rng: rng.fork(`${life}/proxy`),
      uid: spec.uid,
      identity: identityOf(account),
      control: this.#sockets.get(proxySocket)!.address,
      sockets: this.#sockets,
      disk,
      oracle,
    });
    if (account === "kvs") {
      running.app ??= new KvsApp({
        name: spec.name,
        process: network.process(spec.name),
        clock,
        rng: rng.fork(life),
        ports: eachPort((name) => tcp("127.0.0.1", running.appPorts[name])),
        oracle,
        talks,
      });
      oracle.process(spec.name, true);
    } else {
      const addressOf = (place: string): Address => {
        const socket = place === "forward" ? place : `outbound/${place}`;
        return this.#sockets.get(`${spec.name}.default/${socket}`)!.address;
      };
      const isBound = (["kvs", "shop"] as const).every((service) =>
        this.#sockets.has(`${spec.name}.default/outbound/default/${service}:80`),
      );
      if (this.caller === null && isBound) {
        this.caller = new CallerApp({
          process: network.process(spec.name),
          clock,
          rng: rng.fork(life),
          oracle,
          talks,
          kept,
          addressOf,
        });
      }
    }
    this.#report();
  }

  #bind(name: string): void {
    if (this.#sockets.has(name)) return;
    this.#sockets.set(name, this.#options.network.bind(tcp("127.0.0.1", 0)));
  }

  /** Soon, and once for all that happens at one time. */
  #report(): void {
    if (this.#isReporting) return;
    this.#isReporting = true;
    this.#options.clock.after(1 + this.#options.rng.below(20), () => {
      this.#isReporting = false;
      this.control?.tell(this.#socketsBound());
      this.control?.tell(this.#observed());
    });
  }

  #socketsBound(): SocketsBound {
    const ports: Record<string, number> = {};
    for (const [name, { address }] of this.#sockets) {
      if (address.kind === "tcp") ports[name] = address.port;
    }
    return { type: "sockets", ports, failed: {} };
  }

  #observed(): Observed {
    const observe = (isRunning: boolean) =>
      ({
        phase: isRunning ? "running" : "exited",
        ready: isRunning,
        pid: null,
        restarts: 0,
        reason: isRunning ? null : "killed by SIGKILL",
        sinceWallMs: this.#options.clock.wallMs(),
        startedMs: null,
      }) as const;
    return {
      type: "observed",
      workloads: Array.from(this.workloads.values(), ({ spec, app, proxy, appPorts }) => {
        const isCaller = spec.name.startsWith("visitor");
        return {
          uid: spec.uid,
          app: observe(isCaller || app !== null),
          proxy: observe(proxy !== null),
          isOutdated: false,
          ports: isCaller ? {} : appPorts,
        };
      }),
    };
  }
}

function eachPort<T>(make: (name: KvsPort) => T): Readonly<Record<KvsPort, T>> {
  return Object.fromEntries(kvsPorts.map((name) => [name, make(name)])) as Record<KvsPort, T>;
}
