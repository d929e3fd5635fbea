import { type Contract, verdictOf } from "@heddle/mesh/resource/heddle/contract.ts";
import { namespaceOf } from "@heddle/mesh/resource/meta.ts";
import { Metrics } from "@heddle/mesh/telemetry/metrics.ts";
import { renderMetrics } from "@heddle/mesh/telemetry/metrics-text.ts";
import type { Recordings } from "../recording/recordings.ts";
import { storeNames } from "../recording/shelf.ts";
import type { Door } from "../serve/door.ts";
import type { Controller } from "../watch/controller.ts";

export interface MetricsContext {
  readonly controller: Controller;
  readonly door: Door;
  readonly recordings: Recordings;
}

const verdictWords = ["holds", "violated", "undecided"] as const;

/** The control plane's own page of metrics, Prometheus text 0.0.4. Read from what there is, so that it costs nothing between. */
export function metricsPage(context: MetricsContext): string {
  const metrics = new Metrics();
  addContracts(metrics, context);
  addRecordings(metrics, context);
  addMesh(metrics, context);
  return renderMetrics(metrics, "prometheus");
}

function addContracts(metrics: Metrics, { controller }: MetricsContext): void {
  const verdicts = metrics.gauge(
    "heddle_contract_verdict",
    "1 for what the last check of a Contract came to, 0 for the other words; none before the first check.",
    ["namespace", "contract", "verdict"],
  );
  for (const known of controller.index.inputs.resources.all("Contract").values()) {
    const contract = controller.objects.latest(known) as Contract;
    const last = verdictOf(contract);
    if (last === null) continue;
    const labels = { namespace: namespaceOf(contract), contract: contract.metadata.name };
    for (const verdict of verdictWords) {
      verdicts.child({ ...labels, verdict }).set(verdict === last ? 1 : 0);
    }
  }
}

function addRecordings(metrics: Metrics, { recordings }: MetricsContext): void {
  const { recorded, evicted, repeated, gaps } = recordings.counts;
  const kept = metrics.counter(
    "heddle_recorded_exchanges_total",
    "Recorded exchanges kept since the control plane started.",
    ["store"],
  );
  const gone = metrics.counter(
    "heddle_recorded_evicted_exchanges_total",
    "Recorded exchanges that were too old, or the oldest in a full store.",
    ["store"],
  );
  const size = metrics.gauge("heddle_recorded_bytes", "Size of the stores on disk.", ["store"]);
  const count = metrics.gauge("heddle_recorded_exchanges", "Exchanges in the stores.", ["store"]);
  for (const store of storeNames) {
    kept.child({ store }).add(recorded[store]);
    gone.child({ store }).add(evicted[store]);
    size.child({ store }).set(recordings.size(store).bytes);
    count.child({ store }).set(recordings.size(store).exchanges);
  }
  metrics
    .counter(
      "heddle_recorded_repeated_batches_total",
      "Batches that came twice and were kept once.",
      [],
    )
    .child({})
    .add(repeated);
  const missing = metrics.counter(
    "heddle_recorded_gaps_total",
    "Times of which exchanges are missing in the record, by why.",
    ["reason"],
  );
  for (const [reason, times] of gaps) missing.child({ reason }).add(times);
}

function addMesh(metrics: Metrics, { controller, door }: MetricsContext): void {
  const gauge = (name: string, help: string, value: number) =>
    metrics.gauge(name, help, []).child({}).set(value);
  gauge("heddle_revision", "The latest revision of intent.", controller.version.revision);
  gauge("heddle_workloads", "Workloads there are.", controller.views.size);
  const connected = [...controller.views.keys()].filter((uid) => door.session(uid) !== null);
  gauge("heddle_connected_proxies", "Proxies with a control connection.", connected.length);
}
