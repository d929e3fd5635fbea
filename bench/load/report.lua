-- Prints what wrk counted as one line of JSON; latencies in µs. `response` is left alone, as it would slow wrk down.
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\n@{"requests":%d,"bytes":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"errors":%d,"statuses":%d}\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.timeout, e.status))
end
