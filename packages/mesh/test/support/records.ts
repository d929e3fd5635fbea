import { toSpiffeId } from "@heddle/mesh/model/identity.ts";
import { ExchangeRecord } from "@heddle/mesh/telemetry/record.ts";

/** An exchange of recommendation with kvs-1 that took 2 ms to its 200 and 1 ms more to its end, but for `changes`. */
export function exchangeRecord(changes: Partial<ExchangeRecord> = {}): ExchangeRecord {
  const { id = 1, direction = "outbound", startMs = 100 } = changes;
  const record = new ExchangeRecord(id, direction, startMs);
  return Object.assign(record, {
    service: "default/kvs",
    servicePort: 80,
    method: "GET",
    path: "/7",
    authority: "kvs",
    sourceAddress: "127.0.0.1:50000",
    sourceId: direction === "inbound" ? spiffeId("recommendation") : null,
    backend: "default/kvs",
    backendPort: 80,
    endpointUid: "u1",
    endpointName: "kvs-1",
    destinationAddress: "127.0.0.1:41307",
    destinationId: direction === "inbound" ? null : spiffeId("kvs"),
    tls: true,
    attempts: 1,
    status: 200,
    requestBytes: 0,
    replyBytes: 5,
    headMs: startMs + 2,
    endMs: startMs + 3,
    ...changes,
  });
}

/** Of a service account of namespace default. */
export function spiffeId(serviceAccount: string) {
  return toSpiffeId(`spiffe://heddle.local/ns/default/sa/${serviceAccount}`)!;
}
