import { expect, test } from "vitest";
import { Metrics } from "./metrics.ts";
import { ProxyMetrics } from "./proxy-metrics.ts";
import { ExchangeRecord } from "./record.ts";
import { ExchangeSeries } from "./series.ts";

test("retries are counted by route, under Linkerd's names", () => {
  const metrics = new Metrics();
  const proxy = new ProxyMetrics(metrics, "cluster.local");
  const record = (changes: Partial<ExchangeRecord>) =>
    Object.assign(new ExchangeRecord(1, "outbound", 0), {
      service: "default/kvs",
      servicePort: 80,
      route: "HTTPRoute/default/r#get",
      protocol: "http/1.1",
      status: 200,
      headMs: 1,
      endMs: 2,
      ...changes,
    });
  const series = new ExchangeSeries(record({}), proxy);
  series.add(record({}));
  series.add(record({ retries: 2 }));
  series.add(record({ retries: 1, retryEnd: "limit", status: 503 }));
  series.add(record({ retryEnd: "overflow", status: 503 }));
  const values = metrics.collect().flatMap((family) =>
    family.name.startsWith("outbound_http_route_retry_")
      ? [...family.series()].map(({ metric, labels }) => {
          expect(labels).toEqual([
            "Service",
            "default",
            "kvs",
            "80",
            "HTTPRoute",
            "default",
            "r",
            "get",
          ]);
          return [family.name.slice(26), (metric as { value: number }).value];
        })
      : [],
  );
  expect(Object.fromEntries(values)).toEqual({
    requests_total: 3,
    successes_total: 1,
    limit_exceeded_total: 1,
    overflow_total: 1,
  });
});
