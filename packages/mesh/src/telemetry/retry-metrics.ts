import { splitServiceKey } from "../model/service-key.ts";
import type { Counter, Family, Labels, Metrics } from "./metrics.ts";
import type { ExchangeRecord } from "./record.ts";

const subject = [
  "parent_kind",
  "parent_namespace",
  "parent_name",
  "parent_port",
  "route_kind",
  "route_namespace",
  "route_name",
  "route_section_name",
] as const;
type Subject = (typeof subject)[number];
const kinds = ["requests", "successes", "limit_exceeded", "overflow"] as const;
type Kind = (typeof kinds)[number];

const help: Readonly<Record<Kind, string>> = {
  requests: "Retries, and hedges.",
  successes: "Requests that were retried and had a good reply in the end.",
  limit_exceeded: "Requests that failed once they had as many retries as their policy allows.",
  overflow:
    "Retries that were not made: their budget was spent, or as many went on as their cap allows.",
};

/** Handles for one route. */
export type RetryCounters = Readonly<Record<Kind, Counter>>;

/** How requests were tried again, by route: Linkerd's `outbound_{http,grpc}_route_retry_*_total`. */
export class RetryMetrics {
  readonly #families: Readonly<Record<"http" | "grpc", Record<Kind, Family<Counter, Subject>>>>;

  constructor(metrics: Metrics) {
    const familiesOf = (protocol: "http" | "grpc") => {
      const entries = kinds.map((kind) => {
        const name = `outbound_${protocol}_route_retry_${kind}_total` as const;
        return [kind, metrics.counter(name, help[kind], subject)] as const;
      });
      return Object.fromEntries(entries) as Record<Kind, Family<Counter, Subject>>;
    };
    this.#families = { http: familiesOf("http"), grpc: familiesOf("grpc") };
  }

  /** The handles for requests like this one. */
  of(record: ExchangeRecord): RetryCounters {
    const families = this.#families[record.grpcStatus >= 0 ? "grpc" : "http"];
    const labels = subjectOf(record);
    return {
      requests: families.requests.child(labels),
      successes: families.successes.child(labels),
      limit_exceeded: families.limit_exceeded.child(labels),
      overflow: families.overflow.child(labels),
    };
  }
}

/** Counts what one exchange made of its retries; only where there was anything. */
export function countRetries(
  counters: RetryCounters,
  record: ExchangeRecord,
  isGood: boolean,
): void {
  counters.requests.add(record.retries);
  if (record.retries > 0 && isGood) counters.successes.add(1);
  if (record.retryEnd === "limit") counters.limit_exceeded.add(1);
  if (record.retryEnd === "overflow") counters.overflow.add(1);
}

/** `<kind>/<namespace>/<name>#<rule>`, or the service itself. */
function subjectOf({ service, servicePort, route, direction }: ExchangeRecord): Labels<Subject> {
  const parent = splitServiceKey(service);
  const [path = "", section = ""] = (route ?? "").split("#");
  const [kind = "", namespace = "", name = ""] = path.split("/");
  return {
    parent_kind: direction === "gateway" ? "Gateway" : "Service",
    parent_namespace: parent.namespace,
    parent_name: parent.name,
    parent_port: String(servicePort),
    route_kind: kind,
    route_namespace: namespace,
    route_name: name,
    route_section_name: section,
  };
}
