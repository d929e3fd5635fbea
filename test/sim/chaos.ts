import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { Rng } from "@heddle/mesh/base/rng.ts";
import { calm, rough } from "@heddle/mesh/net/simulated/faults.ts";
import type { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import type { Config } from "./config.ts";
import type { KvsApp } from "./kvs-app.ts";
import type { Supervisor } from "./supervisor.ts";

/** What the simulation does to the mesh, beside what the network does by itself. */
export const strokes = [
  "kill kvs",
  "kill kvs proxy",
  "kill caller's proxy",
  "kill control",
  "freeze",
  "cut",
  "storm",
  "change",
  "reset streams",
  "goaway",
  "few streams",
  "break link",
  "sick",
] as const;
export type Stroke = (typeof strokes)[number];

/** How often each kind of stroke comes, against the others. */
const weights: Readonly<Record<Stroke, number>> = {
  "kill kvs": 3,
  "kill kvs proxy": 3,
  "kill caller's proxy": 1,
  "kill control": 2,
  freeze: 3,
  cut: 2,
  storm: 3,
  change: 8,
  "reset streams": 2,
  goaway: 2,
  "few streams": 2,
  "break link": 2,
  sick: 4,
};

/**
 * `rough`: everything. `gentle`: changes that are right, and a control plane that dies: felt by nobody. `kills`: the
 * proxies of the called and the control plane die: felt only by what could not be asked twice. `apps`:
 * processes of the application die: felt only by those who ask for their keys.
 */
export type Mode = "rough" | "gentle" | "kills" | "apps";

const strokesOf: Readonly<Record<Mode, ReadonlySet<Stroke>>> = {
  rough: new Set(strokes),
  gentle: new Set(["kill control", "change"]),
  kills: new Set(["kill control", "kill kvs proxy"]),
  apps: new Set(["kill kvs"]),
};

export interface ChaosOptions {
  readonly mode: Mode;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly network: SimulatedNetwork;
  readonly supervisor: Supervisor;
  readonly config: Config;
  readonly counts: Map<string, number>;
  readonly note: (line: string) => void;
}

/** Strikes at random until told to stop; everything it does mends itself. */
export class Chaos {
  readonly #options: ChaosOptions;
  #isOver = false;

  constructor(options: ChaosOptions) {
    this.#options = options;
    options.network.setFaults({ ...rough, delayMs: [0, 3], stall: 0.01, stallMs: 30 });
    this.#next();
  }

  /** No more strokes; the network is calm. What was struck comes back by itself. */
  stop(): void {
    this.#isOver = true;
    this.#options.network.clearLinks();
    this.#options.network.setFaults(calm);
  }

  #next(): void {
    const { clock, rng, mode } = this.#options;
    clock.after(20 + rng.below(mode === "rough" ? 300 : 60), () => {
      if (this.#isOver) return;
      const stroke = draw(rng);
      if (strokesOf[mode].has(stroke)) this.#strike(stroke);
      this.#next();
    });
  }

  #strike(stroke: Stroke): void {
    const { rng, config } = this.#options;
    switch (stroke) {
      case "kill kvs":
        this.#kill(stroke, (name) => /^kvs-\d+$/.test(name));
        return;
      case "kill kvs proxy":
        this.#kill(stroke, (name) => /^kvs-\d+\/proxy$/.test(name));
        return;
      case "kill caller's proxy":
        this.#kill(stroke, (name) => name === "visitor-0/proxy");
        return;
      case "kill control":
        this.#kill(stroke, (name) => name === "control");
        return;
      case "freeze":
        this.#freeze();
        return;
      case "cut":
        this.#cut();
        return;
      case "storm":
        this.#storm();
        return;
      case "change":
        if (config.change(rng, this.#options.mode === "gentle")) this.#count(stroke, "");
        return;
      case "reset streams":
        this.#resetStreams();
        return;
      case "goaway":
        this.#withApp((app) => {
          this.#count(stroke, app.name);
          app.web.goaway();
        });
        return;
      case "few streams":
        this.#fewStreams();
        return;
      case "break link":
        this.#breakLink();
        return;
      case "sick":
        this.#sicken();
    }
  }

  #kill(stroke: Stroke, isMeant: (name: string) => boolean): void {
    const { rng, supervisor } = this.#options;
    const names = supervisor.processes().filter(isMeant);
    if (names.length === 0) return;
    const name = names[rng.below(names.length)]!;
    this.#count(stroke, name);
    supervisor.kill(name, 5 + rng.below(500));
  }

  #freeze(): void {
    const { rng, supervisor, network, clock } = this.#options;
    const names = supervisor.processes();
    const name = names[rng.below(names.length)]!;
    this.#count("freeze", name);
    network.freeze(name);
    clock.after(20 + rng.below(700), () => network.thaw(name));
  }

  #cut(): void {
    const { rng, supervisor, network, clock } = this.#options;
    const names = supervisor
      .processes()
      .filter((name) => name === "control" || name.endsWith("/proxy"));
    const from = names[rng.below(names.length)]!;
    const to = names[rng.below(names.length)]!;
    if (from === to) return;
    this.#count("cut", `${from} → ${to}`);
    network.setFaults({ isCut: true }, { from, to });
    clock.after(20 + rng.below(800), () => {
      if (!this.#isOver) network.setFaults({ isCut: false }, { from, to });
    });
  }

  /** For a while connections break and are refused. */
  #storm(): void {
    const { rng, network, clock } = this.#options;
    this.#count("storm", "");
    network.setFaults({ reset: 0.02, refuse: 0.1 });
    clock.after(50 + rng.below(300), () => {
      if (!this.#isOver) network.setFaults({ reset: 0, refuse: 0 });
    });
  }

  /** For a while a process resets a third of what it is asked. */
  #resetStreams(): void {
    const { rng, clock } = this.#options;
    this.#withApp((app) => {
      app.onReset = () => this.#count("reset streams", app.name);
      clock.after(20 + rng.below(200), () => {
        app.onReset = null;
      });
    });
  }

  /** For a while a process fails most of what the shop is asked, and says so when asked for its health. */
  #sicken(): void {
    const { rng, clock } = this.#options;
    this.#withApp((app) => {
      app.onSick = () => this.#count("sick", app.name);
      clock.after(20 + rng.below(400), () => {
        app.onSick = null;
      });
    });
  }

  /** For a while a process takes two streams at a time, and little of each. */
  #fewStreams(): void {
    const { rng, clock } = this.#options;
    this.#withApp((app) => {
      this.#count("few streams", app.name);
      app.web.tighten(true);
      clock.after(20 + rng.below(300), () => app.process.enter(() => app.web.tighten(false)));
    });
  }

  #withApp(act: (app: KvsApp) => void): void {
    const { rng, supervisor } = this.#options;
    const apps = [...supervisor.workloads.values()].flatMap(({ app }) => app ?? []);
    const app = apps[rng.below(Math.max(1, apps.length))];
    app?.process.enter(() => act(app));
  }

  /** Whatever connections there are between two proxies die at the next octet: carriers, and all they carry. */
  #breakLink(): void {
    const { rng, supervisor, network, clock } = this.#options;
    const called = supervisor.processes().filter((name) => /^kvs-\d+\/proxy$/.test(name));
    if (called.length === 0) return;
    const to = called[rng.below(called.length)]!;
    const from = "visitor-0/proxy";
    this.#count("break link", to);
    network.setFaults({ reset: 1 }, { from, to });
    clock.after(3 + rng.below(20), () => {
      if (!this.#isOver) network.setFaults({ reset: 0 }, { from, to });
    });
  }

  #count(stroke: Stroke, detail: string): void {
    const { counts, note } = this.#options;
    counts.set(stroke, (counts.get(stroke) ?? 0) + 1);
    note(`CHAOS ${stroke} ${detail}`);
  }
}

function draw(rng: Rng): Stroke {
  const sum = strokes.reduce((total, stroke) => total + weights[stroke], 0);
  let at = rng.below(sum);
  for (const stroke of strokes) {
    at -= weights[stroke];
    if (at < 0) return stroke;
  }
  return strokes[0];
}
