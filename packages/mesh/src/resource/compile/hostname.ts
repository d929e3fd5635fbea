/**
 * The host names that both a route and a listener mean (HTTPRouteSpec: hostnames). Nothing given means every name;
 * `*.example.com` means any number of labels before `.example.com`. Null: none in common.
 */
export function commonHostnames(
  route: readonly string[],
  listener: string | undefined,
): readonly string[] | null {
  if (listener === undefined || listener === "") return route;
  if (route.length === 0) return [listener];
  const common = route.flatMap((name) => intersection(name, listener) ?? []);
  return common.length === 0 ? null : [...new Set(common)];
}

/** The narrower of two names, if it lies within the wider one. */
function intersection(a: string, b: string): string | null {
  if (covers(a, b)) return b;
  return covers(b, a) ? a : null;
}

function covers(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  return wide.startsWith("*.") && narrow.endsWith(wide.slice(1)) && narrow.length > wide.length - 1;
}
