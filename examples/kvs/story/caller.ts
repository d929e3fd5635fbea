import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { Operation, Outcome } from "@heddle/mesh/contract/operation.ts";
import type { History } from "@heddle/mesh/history/event.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import type { ContractDoc } from "@heddle/mesh/model/document.ts";
import { Caller } from "@heddle/mesh/net/http1/caller.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { openTransport } from "@heddle/mesh/net/open-transport.ts";
import { EndpointRecorder } from "@heddle/mesh/net/recorder.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import { outcomeOf } from "../../../packages/cli/src/drive/outcome.ts";
import { requestOf } from "../../../packages/cli/src/drive/request.ts";
import { kvs } from "../kvs.contract.ts";

/** How requests to kvs are read as operations, values in clear. */
export const contract: ContractDoc = {
  name: "default/kvs",
  operations: kvs.operations,
  key: "k",
  keyShare: 1,
  values: "clear",
  hashKey: "00".repeat(16),
  valueBytesMax: 1024,
  callerField: null,
};

/** Calls kvs and writes down what it sends and gets: an observed endpoint, with or without a mesh between. */
export class RecordedCaller {
  readonly name: string;
  readonly #caller: Caller;
  readonly #clock: Clock;
  readonly #operations: Operation[] = [];

  private constructor(name: string, caller: Caller, clock: Clock) {
    this.name = name;
    this.#caller = caller;
    this.#clock = clock;
  }

  /** @param callTimeoutMs after which it hangs up. Default 10000. */
  static async open(name: string, url: URL, callTimeoutMs = 10_000): Promise<RecordedCaller> {
    const clock = new SystemClock();
    const { transport } = await openTransport({ clock });
    const address = tcp(url.hostname, Number(url.port));
    const serviceAt = () => ({ name: "default/kvs:80", contract });
    const recorder = new EndpointRecorder({ endpoint: name, clock, serviceAt });
    const context = new Http1Context({ clock, via: null });
    const options = { transport, context, recorder, address, authority: url.host, callTimeoutMs };
    return new RecordedCaller(name, new Caller(options), clock);
  }

  /** Its local point of view. */
  get history(): History {
    return this.#caller.history;
  }

  /** The same as operations of the contract. */
  get operations(): readonly Operation[] {
    return this.#operations;
  }

  put(key: number, value: string): Promise<Outcome> {
    return this.#ask("put", [key, value]);
  }

  get(key: number): Promise<Outcome> {
    return this.#ask("get", [key]);
  }

  /** How many of its operations ended so. */
  count(kind: Outcome["kind"]): number {
    return this.#operations.filter(({ outcome }) => outcome.kind === kind).length;
  }

  hangUp(): void {
    this.#caller.close();
  }

  async #ask(name: string, args: readonly [number, ...string[]]): Promise<Outcome> {
    const operation = kvs.operations.find((each) => each.name === name)!;
    const { method, path, body } = requestOf(operation, args);
    const startMs = this.#clock.monotonicMs();
    const reply = await this.#caller.call(method, path, body);
    const outcome = outcomeOf(operation, reply);
    const id = this.#operations.length;
    this.#operations.push({
      id,
      caller: this.name,
      key: String(args[0]),
      name,
      args,
      outcome,
      startMs,
      // What may have happened may happen yet.
      endMs: outcome.kind === "unknown" ? Infinity : this.#clock.monotonicMs(),
      seq: id + 1,
      answeredBy: null,
      isObserved: true,
    });
    return outcome;
  }
}

/** Each waits up to 2 s for a process that is away. */
const ATTEMPTS_MAX = 10;

/** Asks again until the process has answered: whoever asks in the moment of its death may get no answer. */
export async function untilAnswered(ask: () => Promise<Outcome>): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const { kind } = await ask();
    if (kind === "ok") return;
  }
}
