import { BucketHistogram, type Family, type Metrics, type Series } from "./metrics.ts";

/** `openmetrics` is version 1.0.0 of the OpenMetrics text format; `prometheus` the older 0.0.4. */
export type MetricsFormat = "openmetrics" | "prometheus";

/** The media type of a page in that format. */
export const metricsMediaTypes: Readonly<Record<MetricsFormat, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

/** All metrics as text. */
export function renderMetrics(metrics: Metrics, format: MetricsFormat): string {
  const lines: string[] = [];
  for (const family of metrics.collect()) {
    // OpenMetrics names a counter's family without the `_total` of its samples.
    const name =
      format === "openmetrics" && family.type === "counter"
        ? family.name.replace(/_total$/, "")
        : family.name;
    lines.push(`# HELP ${name} ${escapeText(family.help)}`, `# TYPE ${name} ${family.type}`);
    for (const series of family.series()) renderSeries(family, series, lines);
  }
  if (format === "openmetrics") lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function renderSeries(family: Family, series: Series, lines: string[]): void {
  const labels = family.labelNames
    .map((name, index) => [name, series.labels[index]!] as const)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}="${escapeText(value).replaceAll('"', '\\"')}"`);
  const { metric } = series;
  if (!(metric instanceof BucketHistogram)) {
    lines.push(`${family.name}${braces(labels)} ${metric.value}`);
    return;
  }
  let count = 0;
  for (const [index, bucket] of metric.counts.entries()) {
    count += bucket;
    const bound = metric.bounds[index];
    const le = `le="${bound === undefined ? "+Inf" : bound}"`;
    lines.push(`${family.name}_bucket${braces([...labels, le])} ${count}`);
  }
  lines.push(`${family.name}_sum${braces(labels)} ${metric.sum}`);
  lines.push(`${family.name}_count${braces(labels)} ${count}`);
}

function braces(labels: readonly string[]): string {
  return labels.length === 0 ? "" : `{${labels.join()}}`;
}

function escapeText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
