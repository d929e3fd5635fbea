/** Is `rule` (`<kind>/<namespace>/<name>#<rule>`) the rule `of`, or one of the route `of`, which has no `#`? */
export function isOfRoute(rule: string, of: string): boolean {
  if (!rule.startsWith(of)) return false;
  return rule.length === of.length || rule.charCodeAt(of.length) === HASH;
}

const HASH = 0x23;
