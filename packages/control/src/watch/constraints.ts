import { usualBudget } from "@heddle/mesh/check/budget.ts";
import { rateSlack } from "@heddle/mesh/check/rate.ts";
import { timeoutSlackMs } from "@heddle/mesh/check/timeout.ts";
import { formatAddress } from "@heddle/mesh/model/address.ts";
import type { Constraint } from "@heddle/mesh/model/constraint.ts";
import type {
  Document,
  EndpointDoc,
  EndpointsDoc,
  PlacementKeyDoc,
  ProxyDoc,
  RoutesDoc,
  RuleDoc,
  ServiceDoc,
  SlotsDoc,
  TlsRouteDoc,
} from "@heddle/mesh/model/document.ts";
import { parseSpiffeId } from "@heddle/mesh/model/identity.ts";
import type { AffinityKeyDoc } from "@heddle/mesh/model/policy.ts";
import type { ServiceKey } from "@heddle/mesh/model/service-key.ts";

/** Ranges of slots that are written out; the rest is counted. */
const rangesMax = 6;

/**
 * What the control plane made of intent for one process, in words: read from the very documents that are meant for its
 * proxy, so that what is printed is what is enforced.
 * @param owner what intent calls the workload: `Process/default/kvs`
 */
export function constraintsOf(documents: Iterable<Document>, owner: string): readonly Constraint[] {
  const all = [...documents];
  const proxy = all.find((one): one is ProxyDoc => one.kind === "proxy");
  if (proxy === undefined) return [];
  const writer = new Writer(proxy, all, owner);
  writer.received();
  writer.sent();
  return writer.constraints;
}

type Told = Omit<Constraint, "workload">;

class Writer {
  readonly constraints: Constraint[] = [];
  readonly #proxy: ProxyDoc;
  readonly #owner: string;
  readonly #services = new Map<ServiceKey, ServiceDoc>();
  readonly #endpoints = new Map<ServiceKey, EndpointsDoc>();

  constructor(proxy: ProxyDoc, documents: readonly Document[], owner: string) {
    this.#proxy = proxy;
    this.#owner = owner;
    for (const document of documents) {
      if (document.kind === "proxy") continue;
      const key = `${document.namespace}/${document.name}`;
      if (document.kind === "service") this.#services.set(key, document);
      else this.#endpoints.set(key, document);
    }
  }

  /** What binds it as one that answers. */
  received(): void {
    const { inbound, workload } = this.#proxy;
    if (inbound === null) return;
    const at = formatAddress(inbound.listener.address);
    const placed = new Set<ServiceKey>();
    for (const { service, port } of inbound.ports) {
      const subject = `${service}:${port}`;
      const from = `Service/${service}`;
      const statement = `received at ${at} only, as ${workload.name}`;
      this.#tell({ ...everyMessage, kind: "addressing", subject, statement, from });
      if (workload.identity !== null) {
        const domain = parseSpiffeId(workload.identity)?.trustDomain ?? "";
        this.#tell({
          ...everyMessage,
          kind: "access",
          subject,
          statement: `received over mutual TLS only, from identities of spiffe://${domain}; is itself ${workload.identity}`,
          from: this.#owner,
        });
      }
      if (!placed.has(service)) {
        this.#keeps(service, subject);
        this.#admits(service, subject);
      }
      placed.add(service);
    }
  }

  #admits(service: ServiceKey, subject: string): void {
    const { rates = [] } = this.#services.get(service)?.admission ?? {};
    for (const { name, by, requests, perMs, burst, scope, route } of rates) {
      const apart = by.kind === "all" ? "" : ` of each ${by.kind === "header" ? by.name : by.kind}`;
      const of = route === null ? "" : ` by ${route}`;
      const whole = scope === "service" ? "; all its processes together" : "";
      this.#tell({
        kind: "rate",
        subject,
        statement: `takes in ${requests} requests${of}${apart} per ${perMs} ms, ${burst} at once${whole}`,
        scope: "per limit, and what it tells apart",
        errorBound: `+${100 * rateSlack} %`,
        from: name,
      });
    }
  }

  #keeps(service: ServiceKey, subject: string): void {
    const placement = this.#services.get(service)?.placement ?? null;
    const slots = this.#endpoints.get(service)?.slots ?? null;
    if (placement === null || slots === null) return;
    const mine = slotsOf(slots, this.#proxy.workload.uid);
    const ranges = mine.length === 0 ? "" : `: ${formatRanges(mine)}`;
    this.#tell({
      ...everyKey,
      kind: "placement",
      subject,
      statement: `keeps ${mine.length} of ${placement.slots} slots of key ${keyWords(placement.key)}${ranges}`,
      from: `Placement/${service.split("/")[0]}/${placement.name}`,
    });
  }

  /** What binds it as one that asks. */
  sent(): void {
    const { outbound, gateway } = this.#proxy;
    const told = new Set<ServiceKey>();
    for (const { name, routes, tlsRoutes } of gateway) {
      this.#routed(name, routes);
      this.#tlsRouted(name, tlsRoutes);
    }
    for (const [service, { ports }] of this.#services) {
      for (const port of ports) {
        const isAsked = outbound.some((one) => one.service === service && one.port === port.number);
        if (!isAsked && gateway.length === 0) continue;
        const subject = `${service}:${port.number}`;
        if (port.routes !== null) this.#routed(subject, port.routes);
        this.#tlsRouted(subject, port.tlsRoutes);
        this.#endpointsOf(service, subject);
        if (!told.has(service)) {
          this.#placed(service, subject);
          this.#tried(service, subject);
        }
        told.add(service);
      }
    }
  }

  #endpointsOf(service: ServiceKey, subject: string): void {
    const endpoints = this.#endpoints.get(service)?.endpoints ?? [];
    const from = `Service/${service}`;
    const places = endpoints.map(
      ({ workload, address, state }) =>
        `${workload} at ${formatAddress(address)}${state.phase === "ready" ? "" : ` (${state.phase})`}`,
    );
    const statement = `sent to ${places.join(", ") || "nobody: it has no endpoint"}`;
    this.#tell({ ...everyMessage, kind: "addressing", subject, statement, from });
    for (const [identity, some] of Map.groupBy(endpoints, (one) => one.identity)) {
      if (identity === null) continue;
      const names = some.map(({ workload }: EndpointDoc) => workload).join(", ");
      const proof = `sent over mutual TLS only; ${names} must prove to be ${identity}`;
      this.#tell({ ...everyMessage, kind: "access", subject, statement: proof, from });
    }
  }

  /** What its attempts are held to, and where its keys go. */
  #tried(service: ServiceKey, subject: string): void {
    const doc = this.#services.get(service);
    if (doc === undefined) return;
    const from = `Service/${service}`;
    const { budget, affinity, requestTimeoutMs, attemptTimeoutMs } = doc.policy;
    const { ratio, perSecondMin, windowMs } = budget ?? usualBudget;
    this.#tell({
      kind: "budget",
      subject,
      statement: `adds attempts for ${100 * ratio} % of its requests and ${perSecondMin} a second, over ${windowMs / 1000} s`,
      scope: "per caller",
      errorBound: "a tenth of the window",
      from,
    });
    this.#timed(subject, from, { requestTimeoutMs, attemptTimeoutMs });
    if (affinity === undefined || doc.placement !== null) return;
    const keys = affinity.keys.map((key) => keyWords({ from: key }));
    this.#tell({
      kind: "affinity",
      subject,
      statement: `each key of ${keys.join(", else ")} sent to one endpoint while those are the same`,
      scope: "per caller and key",
      errorBound: "a move after a failure, or a start",
      from,
    });
  }

  #timed(
    subject: string,
    from: string,
    {
      requestTimeoutMs,
      attemptTimeoutMs,
    }: { requestTimeoutMs: number | null; attemptTimeoutMs?: number | undefined },
  ): void {
    const over = { kind: "timeout", subject, errorBound: `+${timeoutSlackMs} ms`, from } as const;
    if (requestTimeoutMs !== null) {
      const statement = `over after ${requestTimeoutMs} ms, attempts included`;
      this.#tell({ ...over, statement, scope: "every exchange" });
    }
    if (attemptTimeoutMs !== undefined && attemptTimeoutMs > 0) {
      const statement = `an attempt waits ${attemptTimeoutMs} ms for the head of its reply`;
      this.#tell({ ...over, statement, scope: "every attempt" });
    }
  }

  #placed(service: ServiceKey, subject: string): void {
    const placement = this.#services.get(service)?.placement ?? null;
    const { endpoints = [], slots = null } = this.#endpoints.get(service) ?? {};
    if (placement === null || slots === null) return;
    const shares = slots.owners.map((uid) => {
      const name = endpoints.find((one) => one.uid === uid)?.workload ?? "one that is not there";
      return `${name} ${slotsOf(slots, uid).length}`;
    });
    const away = placement.whenAway === "move" ? "; moves while that is away" : "";
    this.#tell({
      ...everyKey,
      kind: "placement",
      subject,
      statement: `each key of ${keyWords(placement.key)} sent to who keeps its slot: ${shares.sort().join(", ")} of ${placement.slots}${away}`,
      from: `Placement/${service.split("/")[0]}/${placement.name}`,
    });
  }

  #routed(subject: string, { rules }: RoutesDoc): void {
    for (const rule of rules) {
      const from = `${rule.route}#${rule.name}`;
      const { requestTimeoutMs } = rule;
      if (rule.backends.length > 1) {
        this.#tell({
          kind: "split",
          subject,
          statement: sharesOf(rule),
          scope: "per caller",
          errorBound: `< ${rule.backends.filter(({ weight }) => weight > 0).length} requests`,
          from,
        });
      }
      const { attemptTimeoutMs } = rule.policy ?? {};
      this.#timed(subject, from, { requestTimeoutMs, attemptTimeoutMs });
    }
  }

  #tlsRouted(subject: string, routes: readonly TlsRouteDoc[] = []): void {
    for (const { route, name, backends } of routes) {
      if (backends.length < 2) continue;
      this.#tell({
        kind: "split",
        subject,
        statement: sharesOf({ backends }),
        scope: "per caller",
        errorBound: `< ${backends.filter(({ weight }) => weight > 0).length} connections`,
        from: `${route}#${name}`,
      });
    }
  }

  #tell(constraint: Told): void {
    const { namespace, name } = this.#proxy.workload;
    this.constraints.push({ ...constraint, workload: `${namespace}/${name}` });
  }
}

const everyMessage = { scope: "every message", errorBound: "none" } as const;
const everyKey = { scope: "per key", errorBound: "none" } as const;

function sharesOf({ backends }: Pick<RuleDoc, "backends">): string {
  const sum = backends.reduce((total, { weight }) => total + weight, 0);
  return backends
    .map(({ backend, weight }) => {
      const to = backend === null ? "nobody, which fails" : `${backend.service}:${backend.port}`;
      return `${weight} of ${sum} to ${to}`;
    })
    .join(", ");
}

function slotsOf({ owners, assignment }: SlotsDoc, uid: string): readonly number[] {
  const owner = owners.indexOf(uid);
  return assignment.flatMap((one, slot) => (one === owner && owner !== -1 ? [slot] : []));
}

/** `0, 3, 6-9 and 12 more`. */
function formatRanges(slots: readonly number[]): string {
  const ranges: { from: number; to: number }[] = [];
  for (const slot of slots) {
    const last = ranges.at(-1);
    if (last !== undefined && last.to === slot - 1) last.to = slot;
    else ranges.push({ from: slot, to: slot });
  }
  const shown = ranges.slice(0, rangesMax);
  const rest = ranges.slice(rangesMax).reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const text = shown.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
  return rest === 0 ? text : `${text} and ${rest} more`;
}

function keyWords({ from }: { readonly from: PlacementKeyDoc["from"] | AffinityKeyDoc }): string {
  switch (from.kind) {
    case "path-segment":
      return `path segment ${from.index}`;
    case "header":
    case "cookie":
    case "query":
      return `${from.kind} ${from.name}`;
    default:
      return from.kind;
  }
}
