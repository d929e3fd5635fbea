/** The host of an authority in its one spelling: lower case, without port and without a last dot. */
export function hostOf(authority: string): string {
  const end = authority.startsWith("[") ? authority.indexOf("]") + 1 : authority.indexOf(":");
  const host = (end <= 0 ? authority : authority.slice(0, end)).toLowerCase();
  return host.endsWith(".") ? host.slice(0, -1) : host;
}

/**
 * Does `host` (of `hostOf`) have this name? `*.a.b` stands for one or more labels before `.a.b` (Gateway API,
 * HTTPRouteSpec.hostnames), so not for `a.b` itself.
 */
export function matchesHostname(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  return host.length >= pattern.length && host.endsWith(pattern.slice(1));
}
