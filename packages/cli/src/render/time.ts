/** `0.6 s`, `18.6 s`, `2 min 5 s`. */
export function formatSeconds(durationMs: number): string {
  if (durationMs < 99_950) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** How long ago, as kubectl says it: `42s`, `5m3s`, `12m`, `3h5m`, `12h`, `9d`. */
export function formatAge(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return joined(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return joined(hours, "h", minutes % 60, "m");
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

/** `612µs`, `28µs`, `1.2ms`, `45ms`, `2.00s`. */
export function formatLatency(durationMs: number): string {
  if (durationMs < 0.9995) return `${Math.round(durationMs * 1000)}µs`;
  if (durationMs < 9.95) return `${durationMs.toFixed(1)}ms`;
  return durationMs < 999.5 ? `${Math.round(durationMs)}ms` : `${(durationMs / 1000).toFixed(2)}s`;
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
