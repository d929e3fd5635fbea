import { type Address, tcp } from "@heddle/mesh/model/address.ts";
import type { Observed, SocketSpec, SocketsBound, WorkloadObserved } from "../host/link.ts";
import { isSameData } from "../revision/revision.ts";

/** What the supervisor last said of this machine: processes and sockets. */
export class HostView {
  #observed: ReadonlyMap<string, WorkloadObserved> = new Map();
  #sockets: ReadonlyMap<string, Address> = new Map();
  #hosts: ReadonlyMap<string, string> = new Map();
  #ports: Readonly<Record<string, number>> = {};
  #failed: Readonly<Record<string, string>> = {};
  #isKnown = false;
  #isBound = false;

  /** Has it reported its processes at all? Before that, an absent process says nothing. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Has it told of processes and of sockets? What is compiled before misses ports that are there. */
  get isComplete(): boolean {
    return this.#isKnown && this.#isBound;
  }

  /** Where sockets are bound, by name: another object where they are other ones. */
  get sockets(): ReadonlyMap<string, Address> {
    return this.#sockets;
  }

  /** Sockets that could not be bound, and why. */
  get failedSockets(): Readonly<Record<string, string>> {
    return this.#failed;
  }

  /** The same object as long as it says the same. */
  workload(uid: string): WorkloadObserved | null {
    return this.#observed.get(uid) ?? null;
  }

  /** Is nothing of the workload left running? */
  isGone(uid: string): boolean {
    const workload = this.#observed.get(uid);
    if (workload === undefined) return this.#isKnown;
    const { app, proxy } = workload;
    return (app?.phase ?? "exited") === "exited" && (proxy?.phase ?? "exited") === "exited";
  }

  observe(message: Observed): void {
    this.#isKnown = true;
    const before = this.#observed;
    const observed = new Map<string, WorkloadObserved>();
    for (const workload of message.workloads) {
      const known = before.get(workload.uid);
      observed.set(workload.uid, isSameData(known, workload) ? known! : workload);
    }
    this.#observed = observed;
  }

  /** On which hosts sockets were asked for: the supervisor says their ports only. True: some are elsewhere now. */
  expect(sockets: readonly SocketSpec[]): boolean {
    this.#hosts = new Map(sockets.map(({ name, host }) => [name, host]));
    return this.#place();
  }

  bind({ ports, failed }: SocketsBound): void {
    this.#isBound = true;
    this.#ports = ports;
    this.#failed = failed;
    this.#place();
  }

  #place(): boolean {
    const before = this.#sockets;
    const placed = new Map<string, Address>();
    let isSame = true;
    for (const name of Object.keys(this.#ports)) {
      const [host, port] = [this.#hosts.get(name) ?? "127.0.0.1", this.#ports[name]!];
      const known = before.get(name);
      const isThere = known?.kind === "tcp" && known.host === host && known.port === port;
      placed.set(name, isThere ? known : tcp(host, port));
      isSame &&= isThere;
    }
    if (isSame && placed.size === before.size) return false;
    this.#sockets = placed;
    return true;
  }
}
