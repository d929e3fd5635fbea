import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { Operation } from "@heddle/mesh/contract/operation.ts";
import type { Address } from "@heddle/mesh/model/address.ts";
import { Caller } from "@heddle/mesh/net/http1/caller.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { EndpointRecorder, type RecordedService } from "@heddle/mesh/net/recorder.ts";
import type { Transport } from "@heddle/mesh/net/transport.ts";
import { DRIVEN_MAX } from "./limits.ts";
import { outcomeOf } from "./outcome.ts";
import type { DrivePlan, Invocation } from "./plan.ts";
import { requestOf } from "./request.ts";

export interface DriveOptions {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly plan: DrivePlan;
  readonly callers: number;
  /** Where the service is, and what it is called there. */
  readonly address: Address;
  readonly authority: string;
  readonly service: RecordedService;
  /** Endpoint name of the whole; its callers are `<name>/0` and so on. */
  readonly name: string;
  /** How many operations, first reads included; Infinity with `forMs`. */
  readonly operations: number;
  /** Ends after this, in ms; null: only after `operations`. */
  readonly forMs: number | null;
}

/** One operation as its caller saw it, and by which its records are found. */
export interface DrivenOperation {
  readonly operation: Operation;
  /** `<connection>.<ordinal>`: its exchange, as a proxy at the other end calls it too; null: nothing was sent. */
  readonly exchange: string | null;
}

/** A first read that fails is tried so often, with a pause between. */
const FIRST_READ_ATTEMPTS = 5;
const FIRST_READ_PAUSE_MS = 500;
/** After a failure a caller waits a little: a service that is away is not to be asked ten thousand times for that. */
const FAILURE_PAUSE_MS = 20;

/** Nobody has answered for so long: nobody will. */
const SILENCE_MAX_MS = 30_000;

/** Callers that ask a service, each over a connection of its own and one operation at a time, and record themselves. */
export class Driver {
  readonly #options: DriveOptions;
  readonly #callers: readonly CallerAt[];
  readonly #driven: DrivenOperation[] = [];
  #isStopped = false;
  #endMs = Number.POSITIVE_INFINITY;
  #answeredMs = 0;

  constructor(options: DriveOptions) {
    const { clock, transport, address, authority, service } = options;
    this.#options = options;
    const context = new Http1Context({ clock, via: null });
    this.#callers = Array.from({ length: options.callers }, (_, number) => {
      const name = `${options.name}/${number}`;
      const recorder = new EndpointRecorder({ endpoint: name, clock, serviceAt: () => service });
      const caller = new Caller({ transport, context, recorder, address, authority });
      return { number, name, caller, recorder, seq: 0, quota: quotaOf(options, number) };
    });
  }

  /** What is over, in no order. */
  get driven(): readonly DrivenOperation[] {
    return this.#driven;
  }

  /** The same as operations alone. */
  get operations(): readonly Operation[] {
    return this.#driven.map(({ operation }) => operation);
  }

  /** Each key is read; then all callers go on until there were enough, the time is over or `stop`. */
  async run(): Promise<void> {
    const { clock, forMs } = this.#options;
    this.#answeredMs = clock.monotonicMs();
    if (forMs !== null) this.#endMs = clock.monotonicMs() + forMs;
    await Promise.all(this.#callers.map((at) => this.#readFirst(at)));
    await Promise.all(this.#callers.map((at) => this.#goOn(at)));
    for (const { caller } of this.#callers) caller.close();
  }

  /** No operation begins after this; `run` ends once those under way have. */
  stop(): void {
    this.#isStopped = true;
  }

  async #readFirst(at: CallerAt): Promise<void> {
    const { plan } = this.#options;
    for (const invocation of plan.firstReads(at.number)) {
      for (let attempt = 1; this.#mayBegin(at); attempt++) {
        const { outcome } = await this.#ask(at, invocation);
        if (outcome.kind === "ok") plan.notNew(outcome.result);
        if (outcome.kind === "ok" || attempt === FIRST_READ_ATTEMPTS) break;
        await this.#pause(FIRST_READ_PAUSE_MS);
      }
    }
  }

  async #goOn(at: CallerAt): Promise<void> {
    while (this.#options.plan.hasKeys(at.number) && this.#mayBegin(at)) {
      const { outcome } = await this.#ask(at, this.#options.plan.next(at.number));
      if (outcome.kind === "unknown" || outcome.kind === "absent")
        await this.#pause(FAILURE_PAUSE_MS);
    }
  }

  #mayBegin({ seq, quota }: CallerAt): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    const isOver = seq >= quota || nowMs >= this.#endMs;
    return !this.#isStopped && !isOver && nowMs - this.#answeredMs < SILENCE_MAX_MS;
  }

  async #ask(at: CallerAt, { operation, args, key }: Invocation): Promise<Operation> {
    const { method, path, body, fields } = requestOf(operation, args);
    const { clock } = this.#options;
    const fromMs = clock.monotonicMs();
    const reply = await at.caller.call(method, path, body, fields);
    const { exchange } = reply;
    at.recorder.take();
    const outcome = outcomeOf(operation, reply);
    if (reply.failure === null) this.#answeredMs = clock.monotonicMs();
    const isOpen = outcome.kind === "unknown";
    const done: Operation = {
      id: this.#driven.length + 1,
      caller: at.name,
      key,
      name: operation.name,
      args,
      outcome,
      startMs: exchange?.request.atMs ?? fromMs,
      // What may have happened may happen yet.
      endMs: isOpen ? Number.POSITIVE_INFINITY : clock.monotonicMs(),
      seq: ++at.seq,
      answeredBy: null,
      isObserved: true,
    };
    const name = exchange === null ? null : `${exchange.connection}.${exchange.ordinal}`;
    this.#driven.push({ operation: done, exchange: name });
    return done;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve));
  }
}

interface CallerAt {
  readonly number: number;
  readonly name: string;
  readonly caller: Caller;
  readonly recorder: EndpointRecorder;
  /** Operations begun. */
  seq: number;
  /** How many it may begin: its own share, so that what it does depends on nobody's speed. */
  readonly quota: number;
}

function quotaOf({ operations, callers }: DriveOptions, number: number): number {
  const all = Math.min(operations, DRIVEN_MAX);
  return Math.floor(all / callers) + (number < all % callers ? 1 : 0);
}
