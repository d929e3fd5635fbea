import { type ServiceKey, splitServiceKey } from "../model/service-key.ts";

export interface Authority {
  readonly host: string;
  /** Null where none was given. */
  readonly port: number | null;
}

/** The parts of `host[:port]`, which the codec has found well-formed. IPv6 literals lose their brackets. */
export function parseAuthority(text: string): Authority {
  const bracket = text.lastIndexOf("]");
  const colon = text.indexOf(":", bracket + 1);
  const host = (colon === -1 ? text : text.slice(0, colon)).toLowerCase();
  const port = colon === -1 ? null : Number(text.slice(colon + 1));
  return { host: bracket === -1 ? host : host.slice(1, -1), port };
}

/**
 * The service that `host` names in the mesh: `svc`, `svc.ns`, `svc.ns.svc` or `svc.ns.svc.<domain>`. Null for any other
 * form; whether there is such a service is another question.
 */
export function serviceOfHost(
  host: string,
  ownNamespace: string,
  clusterDomain: string,
): ServiceKey | null {
  const name = host.endsWith(".") ? host.slice(0, -1) : host;
  const suffix = `.svc.${clusterDomain}`;
  let short = name;
  if (name.endsWith(suffix)) short = name.slice(0, -suffix.length);
  else if (name.endsWith(".svc")) short = name.slice(0, -".svc".length);
  const parts = short.split(".");
  if (short !== name && parts.length !== 2) return null;
  if (parts.length > 2 || parts.some((part) => part === "")) return null;
  return `${parts[1] ?? ownNamespace}/${parts[0]}`;
}

/** How people in `ownNamespace` write the authority of a service. */
export function serviceAuthority(service: ServiceKey, port: number, ownNamespace: string): string {
  const { namespace, name } = splitServiceKey(service);
  const host = namespace === ownNamespace ? name : `${name}.${namespace}`;
  return port === 80 ? host : `${host}:${port}`;
}
