/** `<namespace>/<name>`: how documents name a service. */
export type ServiceKey = string;

/** Both parts of it; both are empty where it is. */
export function splitServiceKey(key: ServiceKey): {
  readonly namespace: string;
  readonly name: string;
} {
  const slash = key.indexOf("/");
  return { namespace: key.slice(0, Math.max(0, slash)), name: key.slice(slash + 1) };
}
