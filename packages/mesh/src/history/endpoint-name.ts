import type { EndpointName } from "./event.ts";

const proxySuffix = "/proxy";
const outsidePrefix = "outside/";

/** `<namespace>/<workload>`: the process. */
export function processName(namespace: string, workload: string): EndpointName {
  return `${namespace}/${workload}`;
}

/** The proxy beside a process. */
export function proxyName(process: EndpointName): EndpointName {
  return process + proxySuffix;
}

/** Whoever has no workload, by address. */
export function outsideName(address: string): EndpointName {
  return outsidePrefix + address;
}

export function isProxy(endpoint: EndpointName): boolean {
  return endpoint.endsWith(proxySuffix) && !isOutside(endpoint);
}

export function isOutside(endpoint: EndpointName): boolean {
  return endpoint.startsWith(outsidePrefix);
}

/** The process of a workload, named by it or by its proxy; whoever is outside is named alone. */
export function workloadOf(endpoint: EndpointName): EndpointName {
  return isProxy(endpoint) ? endpoint.slice(0, -proxySuffix.length) : endpoint;
}

/** As people say it: without the namespace where that is `namespace`. */
export function shortName(endpoint: EndpointName, namespace: string): string {
  const prefix = `${namespace}/`;
  return isOutside(endpoint) || !endpoint.startsWith(prefix)
    ? endpoint
    : endpoint.slice(prefix.length);
}
