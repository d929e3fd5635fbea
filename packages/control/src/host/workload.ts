import type { Timer } from "@heddle/mesh/base/clock.ts";
import { App } from "./app.ts";
import type { HostContext } from "./context.ts";
import type { TokenIssued, WorkloadObserved, WorkloadSpec } from "./link.ts";
import { Sidecar } from "./sidecar.ts";

/** An application waits this long for its proxy, in ms; then it starts without, and what it calls fails meanwhile. */
const PROXY_WAIT_MS = 10_000;
/** A proxy without an application is given this long to finish what is in flight, in ms. */
const PROXY_DRAIN_MS = 10_000;
/** From SIGTERM to SIGKILL of a proxy whose application is gone, in ms. */
const PROXY_GRACE_MS = 2000;

/** How long each step of going may take at most, in ms. */
export interface Haste {
  readonly drainMs: number;
  readonly graceMs: number;
  readonly proxyGraceMs: number;
}

/** Nobody waits: each step takes the time its spec grants. */
const unhurried: Haste = {
  drainMs: Number.POSITIVE_INFINITY,
  graceMs: Number.POSITIVE_INFINITY,
  proxyGraceMs: PROXY_GRACE_MS,
};

/**
 * One workload: an application, its proxy, or both.
 *
 *   coming   the proxy first, then the application, so that its first call finds a listener
 *   renewed  the proxy finishes what is in flight → the application is restarted as its spec says now
 *   going    the proxy drains → SIGTERM to the application, whose calls still work → the proxy last
 */
export class Workload {
  readonly uid: string;
  readonly #context: HostContext;
  readonly #sidecar: Sidecar | null;
  #spec: WorkloadSpec;
  #app: App | null;
  #isAppStarted = false;
  #proxyWait: Timer | null = null;
  #isRenewing = false;
  #leaving: Promise<void> | null = null;
  #isGone = false;

  constructor(spec: WorkloadSpec, context: HostContext) {
    this.uid = spec.uid;
    this.#spec = spec;
    const events = {
      ...context.events,
      onChange: () => {
        this.#maybeStartApp();
        context.events.onChange();
      },
    };
    this.#context = { ...context, events };
    this.#sidecar = spec.proxy === null ? null : new Sidecar(spec, spec.proxy, this.#context);
    this.#app = spec.app === null ? null : new App(spec, spec.app, this.#context);
  }

  get spec(): WorkloadSpec {
    return this.#spec;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get observed(): WorkloadObserved {
    return {
      uid: this.uid,
      app: this.#app?.observed ?? null,
      proxy: this.#sidecar?.observed ?? null,
      isOutdated: this.#app?.isOutdated ?? false,
      ports: this.#app?.ports ?? {},
    };
  }

  /** Last lines of whichever part is not well, for the report of a failure. */
  get recentLines(): readonly string[] {
    const lines = this.#app?.recentLines ?? [];
    return lines.length > 0 ? lines : (this.#sidecar?.recentLines ?? []);
  }

  start(): void {
    if (this.#sidecar === null) {
      this.#startApp();
      return;
    }
    this.#app?.setWaiting("waiting for its proxy");
    this.#sidecar.start();
    this.#proxyWait = this.#context.clock.after(PROXY_WAIT_MS, () => this.#startApp());
  }

  update(spec: WorkloadSpec): void {
    this.#spec = spec;
    if (this.#leaving !== null) return;
    if (spec.drain) {
      void this.leave();
      return;
    }
    if (spec.proxy !== null) this.#sidecar?.update(spec.proxy);
    if (spec.app !== null) this.#app?.update(spec.app);
    if (spec.mayRestart) void this.#renew();
  }

  give(token: TokenIssued): void {
    this.#sidecar?.give(token);
  }

  restartApp(): Promise<void> {
    if (this.#leaving !== null || !this.#isAppStarted) return Promise.resolve();
    return this.#app?.restart() ?? Promise.resolve();
  }

  /** Goes, in order. Resolves once nothing of it runs. Called again with more haste, it goes faster. */
  leave(haste: Haste = unhurried): Promise<void> {
    if (this.#leaving === null) this.#leaving = this.#leave(haste);
    else if (haste !== unhurried) void this.#hurry(haste);
    return this.#leaving;
  }

  async #hurry(haste: Haste): Promise<void> {
    this.#sidecar?.cutDrain();
    await this.#app?.stop(haste.graceMs);
    await this.#sidecar?.stop(haste.proxyGraceMs);
  }

  async #renew(): Promise<void> {
    const app = this.#app;
    if (app === null || !app.isOutdated || this.#isRenewing) return;
    this.#isRenewing = true;
    await this.#sidecar?.drain({ graceMs: app.spec.graceMs, isFinal: false });
    // Meanwhile it may have ended, be told to go, or be meant to run as it does.
    if (this.#leaving === null && app.isOutdated) await app.restart();
    this.#isRenewing = false;
  }

  async #leave(haste: Haste): Promise<void> {
    this.#proxyWait?.cancel();
    const graceMs = this.#app?.spec.graceMs ?? PROXY_DRAIN_MS;
    await this.#sidecar?.drain({ graceMs: Math.min(graceMs, haste.drainMs), isFinal: true });
    await this.#app?.stop(Math.min(graceMs, haste.graceMs));
    await this.#sidecar?.stop(Math.min(PROXY_GRACE_MS, haste.proxyGraceMs));
    this.#isGone = true;
    this.#context.events.onChange();
  }

  #maybeStartApp(): void {
    if (this.#sidecar?.observed.ready === true) this.#startApp();
  }

  #startApp(): void {
    if (this.#isAppStarted || this.#leaving !== null) return;
    this.#isAppStarted = true;
    this.#proxyWait?.cancel();
    this.#app?.start();
  }
}
