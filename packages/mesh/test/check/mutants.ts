import { Affinity } from "@heddle/mesh/balance/affinity.ts";
import { DeadlineWheel } from "@heddle/mesh/base/deadline-wheel.ts";
import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import type { RecordedExchange } from "@heddle/mesh/history/exchange.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import type { ConstraintKind } from "@heddle/mesh/model/constraint.ts";
import type {
  Document,
  EndpointDoc,
  EndpointsDoc,
  ProxyDoc,
  RuleDoc,
  ServiceDoc,
} from "@heddle/mesh/model/document.ts";
import { toSpiffeId } from "@heddle/mesh/model/identity.ts";
import { SmoothWeighted } from "@heddle/mesh/route/weighted.ts";
import type { ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";
import { Backend } from "@heddle/mesh/upstream/backend.ts";
import { vi } from "vitest";
import { acceptOnly } from "../support/simulated-identity.ts";
import type { Mutation } from "./judged-mesh.ts";

/** One small change of the product, and whose business it is to notice. */
export interface Mutant extends Mutation {
  readonly name: string;
  readonly of: "compile rule" | "enforcement" | "recorder";
  readonly noticedBy: ConstraintKind;
  /** What is said of it. */
  readonly says: RegExp;
}

const stranger = toSpiffeId("spiffe://elsewhere/ns/default/sa/visitor")!;
const other = toSpiffeId("spiffe://heddle.local/ns/default/sa/rec-v1")!;

/** Every rule by which intent becomes documents. */
const compileRules: readonly Mutant[] = [
  {
    name: "an endpoint has the address of another",
    of: "compile rule",
    noticedBy: "addressing",
    says: /sent to the address of default\/kvs-1/,
    documents: endpoints("kvs", (one) =>
      one.workload === "kvs-0" ? { ...one, address: tcp("127.0.0.1", 9001) } : one,
    ),
  },
  {
    name: "an endpoint is of another service",
    of: "compile rule",
    noticedBy: "addressing",
    says: /sent to default\/rec-v2-0, which is none of it/,
    documents: endpoints("rec-v1", (one) => ({
      ...one,
      uid: "rec-v2-0",
      workload: "rec-v2-0",
      address: tcp("127.0.0.1", 9004),
      identity: toSpiffeId("spiffe://heddle.local/ns/default/sa/rec-v2")!,
    })),
  },
  {
    name: "a proxy hands what it received to another's process",
    of: "compile rule",
    noticedBy: "addressing",
    says: /meant for default\/kvs-0 was sent to the address of default\/kvs-2/,
    documents: proxies((doc, workload) =>
      workload !== "kvs-0" || doc.inbound === null
        ? doc
        : {
            ...doc,
            inbound: {
              ...doc.inbound,
              ports: doc.inbound.ports.map((port) => ({ ...port, target: tcp("127.0.0.1", 8002) })),
            },
          },
    ),
  },
  {
    name: "slots are shifted for one caller",
    of: "compile rule",
    noticedBy: "placement",
    says: /sent to [23] processes/,
    documents: shifted((workload) => workload === "visitor-1"),
  },
  {
    name: "slots are given twice: one caller and one process have others than the rest",
    of: "compile rule",
    noticedBy: "placement",
    says: /processed by [23] processes/,
    documents: shifted((workload) => workload === "visitor-1" || workload === "kvs-0"),
  },
  {
    name: "the Placement is dropped",
    of: "compile rule",
    noticedBy: "placement",
    says: /processed by [23] processes/,
    documents: services((doc) => ({ ...doc, placement: null })),
  },
  {
    name: "the key is read from another segment",
    of: "compile rule",
    noticedBy: "placement",
    says: /processed by [23] processes/,
    documents: services((doc) =>
      doc.placement === null
        ? doc
        : {
            ...doc,
            placement: {
              ...doc.placement,
              key: { from: { kind: "path-segment", index: 2 }, type: "integer" },
            },
          },
    ),
  },
  {
    name: "a key's spellings are told apart",
    of: "compile rule",
    noticedBy: "placement",
    says: /processed by [23] processes/,
    documents: services((doc) =>
      doc.placement === null
        ? doc
        : { ...doc, placement: { ...doc.placement, key: { ...doc.placement.key, type: "text" } } },
    ),
  },
  {
    name: "weights are swapped",
    of: "compile rule",
    noticedBy: "split",
    says: /got \d+ of \d+ requests/,
    documents: rules((rule) => ({
      ...rule,
      backends: rule.backends.map((backend, index) => ({
        ...backend,
        weight: [1, 3, 0][index] ?? backend.weight,
      })),
    })),
  },
  {
    name: "a weight of zero is taken for one",
    of: "compile rule",
    noticedBy: "split",
    says: /default\/rec-v3:80 got/,
    documents: rules((rule) => ({
      ...rule,
      backends: rule.backends.map((backend) => ({ ...backend, weight: backend.weight || 1 })),
    })),
  },
  {
    name: "a backend is another service",
    of: "compile rule",
    noticedBy: "split",
    says: /default\/rec-v3:80 got/,
    documents: rules((rule) => ({
      ...rule,
      backends: rule.backends.map((backend, index) =>
        index === 1 ? { ...backend, backend: { service: "default/rec-v3", port: 80 } } : backend,
      ),
    })),
  },
  {
    name: "the shorter prefix comes first",
    of: "compile rule",
    noticedBy: "split",
    says: /\/slow\/\d+ of .* fell under another rule/,
    documents: routes((matches) => [...matches].filter(({ path }) => path.value === "/")),
  },
  {
    name: "a time limit is dropped",
    of: "compile rule",
    noticedBy: "timeout",
    says: /lasted longer than its rule allows/,
    documents: rules((rule) => ({ ...rule, requestTimeoutMs: null })),
  },
  {
    name: "a time limit is read as a tenth",
    of: "compile rule",
    noticedBy: "timeout",
    says: /ran out of time too early/,
    documents: rules((rule) => ({
      ...rule,
      requestTimeoutMs: rule.requestTimeoutMs === null ? null : rule.requestTimeoutMs / 10,
    })),
  },
  {
    name: "a time limit is given to a rule that has none",
    of: "compile rule",
    noticedBy: "timeout",
    says: /no rule limits it/,
    documents: rules((rule) => ({ ...rule, requestTimeoutMs: rule.requestTimeoutMs ?? 1 })),
  },
  {
    name: "an endpoint's identity is dropped",
    of: "compile rule",
    noticedBy: "access",
    says: /would have sent to default\/kvs-1 without TLS/,
    documents: endpoints("kvs", (one) =>
      one.workload === "kvs-1" ? { ...one, identity: null } : one,
    ),
  },
  {
    name: "an endpoint's identity is another's",
    of: "compile rule",
    noticedBy: "access",
    says: /expected somebody else at default\/kvs-1/,
    documents: endpoints("kvs", (one) =>
      one.workload === "kvs-1" ? { ...one, identity: other } : one,
    ),
  },
];

/** Everything that holds a process to what was compiled. */
const enforcements: readonly Mutant[] = [
  {
    name: "the caller's choice ignores the slot",
    of: "enforcement",
    noticedBy: "placement",
    says: /sent to [23] processes/,
    patch: () => ignoreSlots(),
  },
  {
    name: "the receiver's gate is off as well",
    of: "enforcement",
    noticedBy: "placement",
    says: /processed by [23] processes/,
    patch: () => ignoreSlots(),
    documents: (workload, documents) =>
      workload.startsWith("kvs") ? services(withoutPlacement)(workload, documents) : documents,
  },
  {
    name: "the weighted choice is stuck on its first",
    of: "enforcement",
    noticedBy: "split",
    says: /got \d+ of \d+ requests/,
    patch: () => stuckWeights(),
  },
  {
    name: "time limits never fire",
    of: "enforcement",
    noticedBy: "timeout",
    says: /lasted longer than its rule allows/,
    options: (_, options) => ({ ...options, wheel: new StoppedWheel(options.clock) }),
  },
  {
    name: "whoever has a certificate is let in",
    of: "enforcement",
    noticedBy: "access",
    says: /of another trust domain/,
    identity: (workload, identity) => (workload === "visitor-1" ? stranger : identity),
    options: (_, options) => ({
      ...options,
      trust: { ...options.trust!, verifyPeer: acceptOnly(() => true) },
    }),
  },
  {
    name: "whoever comes without TLS is let in",
    of: "enforcement",
    noticedBy: "access",
    says: /without TLS/,
    options: (_, options) => ({
      ...options,
      transport: {
        ...options.transport,
        listen: (wanted, accept) => options.transport.listen({ ...wanted, tls: null }, accept),
      },
    }),
    documents: endpoints("kvs", (one) => ({ ...one, identity: null })),
  },
  {
    name: "a member of the mesh comes as another",
    of: "enforcement",
    noticedBy: "access",
    says: /default\/visitor-1 came to .* as somebody else/,
    identity: (workload, identity) => (workload === "visitor-1" ? other : identity),
  },
];

/** What the recorder may get wrong. */
const recorders: readonly Mutant[] = [
  {
    name: "a wrong key is recorded",
    of: "recorder",
    noticedBy: "addressing",
    says: /both ends tell another content/,
    record: at("kvs-0", (record) => edited(record, { path: `/${Number(record.id) + 100}` })),
  },
  {
    name: "a wrong method is recorded",
    of: "recorder",
    noticedBy: "addressing",
    says: /both ends tell another content/,
    record: at("visitor-0", (record) => edited(record, { method: "DELETE" })),
  },
  {
    name: "what was received is dropped",
    of: "recorder",
    noticedBy: "addressing",
    says: /received a reply that nobody gave/,
    record: at("kvs-0", () => null),
  },
  {
    name: "what was sent is dropped",
    of: "recorder",
    noticedBy: "addressing",
    says: /received what nobody sent/,
    record: at("visitor-0", () => null),
  },
  {
    name: "a piece of the record is lost, and nothing says so",
    of: "recorder",
    noticedBy: "addressing",
    says: /lacks exchanges and says nothing of it/,
    batches: (batches) => batches.flatMap((batch) => halved(batch)),
  },
  {
    name: "a wrong target is recorded",
    of: "recorder",
    noticedBy: "addressing",
    says: /at another address than it was sent to/,
    record: at("visitor-0", (record) => edited(record, { destinationAddress: "127.0.0.1:9002" })),
  },
  {
    name: "a wrong address of its own is recorded",
    of: "recorder",
    noticedBy: "addressing",
    says: /at another address than it was sent to/,
    record: at("kvs-1", (record) => edited(record, { ownAddress: "127.0.0.1:1" })),
  },
  {
    name: "two exchanges have one message id",
    of: "recorder",
    noticedBy: "addressing",
    says: /under one id/,
    record: (_, record) => edited(record, { frontOrdinal: 1, ordinal: 1 }),
  },
  {
    name: "a wrong service is recorded",
    of: "recorder",
    noticedBy: "addressing",
    says: /received what was sent to default\/rec|for another service/,
    record: at("kvs-2", (record) => edited(record, { service: "default/rec-v1" })),
  },
  {
    name: "no identity is recorded",
    of: "recorder",
    noticedBy: "access",
    says: /without TLS/,
    record: at("kvs-2", (record) => edited(record, { sourceId: null })),
  },
  {
    name: "a wrong rule is recorded",
    of: "recorder",
    noticedBy: "split",
    says: /fell under another rule/,
    record: at("visitor-1", (record) =>
      edited(record, { route: record.route === null ? null : "HTTPRoute/default/rec#7" }),
    ),
  },
  {
    name: "a wrong end is recorded",
    of: "recorder",
    noticedBy: "timeout",
    says: /lasted longer/,
    record: (_, record) => edited(record, { endMs: record.endMs + 1000 }),
  },
];

/** Rates, budgets and affinity: what is compiled of them, enforced, and recorded. */
const policies: readonly Mutant[] = [
  {
    name: "the affinity is dropped",
    of: "compile rule",
    noticedBy: "affinity",
    says: /to another endpoint, and nothing had changed/,
    documents: services((doc) => {
      const { affinity: _, ...policy } = doc.policy;
      return { ...doc, policy: { ...policy, picker: "round-robin" } };
    }),
  },
  {
    name: "an affinity's key is read anew each time",
    of: "enforcement",
    noticedBy: "affinity",
    says: /to another endpoint, and nothing had changed/,
    patch: () => {
      let turn = 0;
      const spy = vi.spyOn(Affinity.prototype, "hashOf").mockImplementation(() => {
        turn = (Math.imul(turn, 1_103_515_245) + 12_345) & 0x7fff_ffff;
        return turn;
      });
      return () => spy.mockRestore();
    },
  },
  {
    name: "requests are said to have come all at once",
    of: "recorder",
    noticedBy: "rate",
    says: /took in \d+ requests within 0 ms/,
    record: (_, record) =>
      edited(record, { startMs: Math.floor(record.startMs / 60_000) * 60_000 }),
  },
  {
    name: "a refusal is recorded where nothing limits",
    of: "recorder",
    noticedBy: "rate",
    says: /no RateLimit is about default\/kvs/,
    record: at("kvs-1", (record) => edited(record, { reason: "rate-limited", status: 429 })),
  },
  {
    name: "every attempt is recorded eight times",
    of: "recorder",
    noticedBy: "budget",
    says: /added \d+ attempts to default/,
    batches: (batches) => batches.map((batch) => retried(batch, () => 8)),
  },
  {
    name: "one exchange is recorded with the attempts of hundreds",
    of: "recorder",
    noticedBy: "budget",
    says: /added \d+ attempts to default/,
    batches: (batches) =>
      batches.map((batch) => retried(batch, ({ id }) => (id % 20 === 7 ? 300 : 1))),
  },
];

export const mutants: readonly Mutant[] = [
  ...compileRules,
  ...enforcements,
  ...recorders,
  ...policies,
];

/** Each attempt that callers made, so many times. */
function retried(batch: RecordedBatch, times: (one: RecordedExchange) => number): RecordedBatch {
  const exchanges = batch.exchanges.map((one) => ({
    ...one,
    attempts: one.attempts.flatMap((attempt) => Array.from({ length: times(one) }, () => attempt)),
  }));
  return { ...batch, exchanges };
}

type Documents = NonNullable<Mutation["documents"]>;

function services(edit: (doc: ServiceDoc) => ServiceDoc): Documents {
  return (_, documents) =>
    documents.map((doc): Document => (doc.kind === "service" ? edit(doc) : doc));
}

function withoutPlacement(doc: ServiceDoc): ServiceDoc {
  return { ...doc, placement: null };
}

function proxies(edit: (doc: ProxyDoc, workload: string) => ProxyDoc): Documents {
  return (workload, documents) =>
    documents.map((doc): Document => (doc.kind === "proxy" ? edit(doc, workload) : doc));
}

function endpoints(service: string, edit: (one: EndpointDoc) => EndpointDoc): Documents {
  return (_, documents) =>
    documents.map((doc): Document => {
      if (doc.kind !== "endpoints" || doc.name !== service) return doc;
      return { ...doc, endpoints: doc.endpoints.map(edit) };
    });
}

function rules(edit: (rule: RuleDoc) => RuleDoc): Documents {
  return services((doc) => ({
    ...doc,
    ports: doc.ports.map((port) =>
      port.routes === null
        ? port
        : { ...port, routes: { ...port.routes, rules: port.routes.rules.map(edit) } },
    ),
  }));
}

type Matches = NonNullable<ServiceDoc["ports"][number]["routes"]>["matches"];

function routes(edit: (matches: Matches) => Matches): Documents {
  return services((doc) => ({
    ...doc,
    ports: doc.ports.map((port) =>
      port.routes === null
        ? port
        : { ...port, routes: { ...port.routes, matches: edit(port.routes.matches) } },
    ),
  }));
}

/** Each slot belongs to the next in line. */
function shifted(isMeant: (workload: string) => boolean): Documents {
  return (workload, documents) =>
    documents.map((doc): Document => {
      if (doc.kind !== "endpoints" || doc.slots === null || !isMeant(workload)) return doc;
      const { owners, assignment } = doc.slots;
      const moved = assignment.map((owner) => (owner + 1) % owners.length);
      return { ...doc, slots: { ...doc.slots, assignment: moved } } satisfies EndpointsDoc;
    });
}

function ignoreSlots(): () => void {
  const { pick } = Backend.prototype;
  const spy = vi.spyOn(Backend.prototype, "pick").mockImplementation(function (
    this: Backend,
    nowMs,
    _slot,
    avoid,
  ) {
    return pick.call(this, nowMs, -1, avoid);
  });
  return () => spy.mockRestore();
}

function stuckWeights(): () => void {
  const { next } = SmoothWeighted.prototype;
  const first = new WeakMap<object, unknown>();
  const spy = vi.spyOn(SmoothWeighted.prototype, "next").mockImplementation(function (
    this: SmoothWeighted<unknown>,
  ) {
    if (!first.has(this)) first.set(this, next.call(this));
    return first.get(this);
  });
  return () => spy.mockRestore();
}

/** Time does not pass on it. */
class StoppedWheel extends DeadlineWheel {
  override set(): void {}
}

/** Every third record of one workload. */
function at(
  workload: string,
  edit: (record: ExchangeRecord) => ExchangeRecord | null,
): NonNullable<Mutation["record"]> {
  return (name, record, index) => (name === workload && index % 3 === 0 ? edit(record) : record);
}

/** A recorder that writes something else than what happened. */
function edited(record: ExchangeRecord, changes: Partial<ExchangeRecord>): ExchangeRecord {
  return Object.assign(Object.create(Object.getPrototypeOf(record)), record, changes);
}

/** Two batches, and one exchange between them that is in neither. */
function halved(batch: RecordedBatch): readonly RecordedBatch[] {
  const { exchanges, workload } = batch;
  if (workload.name !== "kvs-1") return [batch];
  const middle = exchanges.length >> 1;
  const part = (some: readonly RecordedExchange[], from: number) => ({
    ...batch,
    exchanges: some,
    from,
  });
  return [part(exchanges.slice(0, middle), 1), part(exchanges.slice(middle + 1), middle + 2)];
}
