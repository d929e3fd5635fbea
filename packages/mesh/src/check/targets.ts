import type { RecordedAttempt } from "../history/exchange.ts";
import { formatAddress, tcp } from "../model/address.ts";
import { namespacedName } from "../resource/meta.ts";
import type { Evidence } from "./evidence.ts";
import { namespaceOfKey } from "./members.ts";
import { idOf, type Received, violateAt } from "./messages.ts";
import type { Seen } from "./records.ts";
import type { Findings } from "./report.ts";
import type { ServiceProcesses } from "./service-processes.ts";

/** Addresses of each workload, by `<namespace>/<name>`. */
type Addresses = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What attempts are addressed to, whether or not they get there: each address belongs to the endpoint that was meant, and
 * that endpoint to the service. Another's address is a breach; one that nobody is known to have may have been anybody's.
 */
export class Targets {
  readonly #findings: Findings;
  readonly #processes: ServiceProcesses;
  /** Where each workload's proxy is received, and where its own process listens. */
  readonly #proxies: Addresses;
  readonly #apps: Addresses;

  constructor(
    evidence: Evidence,
    received: Iterable<Received>,
    processes: ServiceProcesses,
    findings: Findings,
  ) {
    this.#findings = findings;
    this.#processes = processes;
    this.#proxies = addressesOf(evidence, received);
    this.#apps = portsOf(evidence);
  }

  judge(seen: Seen): void {
    const { direction, backend, attempts } = seen.exchange;
    for (const attempt of attempts) {
      if (direction === "inbound") this.#judgeAddress(seen, attempt, seen.of.workload, this.#apps);
      else if (backend !== null) this.#judgeEndpoint(seen, attempt, backend);
    }
  }

  #judgeEndpoint(seen: Seen, attempt: RecordedAttempt, service: string): void {
    const workload = `${namespaceOfKey(service)}/${attempt.endpoint}`;
    this.#judgeAddress(seen, attempt, workload, this.#proxies);
    const meant = this.#processes.during(seen);
    if (meant === null || this.#processes.isOf(workload, service, seen) !== false) return;
    const at = { id: idOf(attempt), seen };
    violateAt(
      this.#findings,
      at,
      `a message to ${service} was sent to ${workload}, which is none of it`,
      {
        processes: [seen.of.workload, workload],
        expected: `a process of ${meant[service]?.join(" or ") || "nobody"}`,
        found: workload,
      },
    );
  }

  #judgeAddress(seen: Seen, attempt: RecordedAttempt, workload: string, known: Addresses): void {
    const { target } = attempt;
    const own = known.get(workload);
    const other = [...known].find(([name, all]) => name !== workload && all.has(target))?.[0];
    if (own?.has(target) === true || other === undefined) return;
    const at = { id: idOf(attempt), seen };
    violateAt(
      this.#findings,
      at,
      `what was meant for ${workload} was sent to the address of ${other}`,
      {
        processes: [...new Set([seen.of.workload, workload, other])],
        expected: own === undefined ? `an address of ${workload}` : [...own].join(" or "),
        found: target,
      },
    );
  }
}

/** Where the supervisor says each workload's proxy is, and where it was seen to receive. */
function addressesOf({ workloads }: Evidence, received: Iterable<Received>): Addresses {
  const known = new Map<string, Set<string>>();
  for (const workload of workloads) {
    const inbound = workload.status?.inbound;
    if (inbound !== undefined) add(known, namespacedName(workload), inbound);
  }
  for (const { seen, front } of received) {
    known.set(seen.of.workload, (known.get(seen.of.workload) ?? new Set()).add(front.own));
  }
  return known;
}

function portsOf({ workloads }: Evidence): Addresses {
  const known = new Map<string, Set<string>>();
  for (const workload of workloads) {
    for (const { port } of workload.status?.ports ?? []) {
      add(known, namespacedName(workload), { host: "127.0.0.1", port });
    }
  }
  return known;
}

function add(
  known: Map<string, Set<string>>,
  workload: string,
  { host, port }: { readonly host: string; readonly port: number },
): void {
  const at = formatAddress(tcp(host, port));
  known.set(workload, (known.get(workload) ?? new Set()).add(at));
}
