import { carriesHttp, servedPorts } from "@heddle/mesh/resource/compile/service-port.ts";
import { forwardSocket, outboundSocket } from "@heddle/mesh/resource/compile/sockets.ts";
import type { Service } from "@heddle/mesh/resource/core/service.ts";
import { protocolOf } from "@heddle/mesh/resource/core/service-protocol.ts";
import { compareText, namespacedName, namespaceOf } from "@heddle/mesh/resource/meta.ts";

interface Named {
  readonly name: string;
  readonly namespace: string;
}

const loopback = "127.0.0.1";

/**
 * A number that the supervisor fills in when it starts the process. Joined, for a template keeps its pieces: in a large mesh there are
 * hundreds of thousands.
 */
const portOf = (name: string) => ["{{port:", name, "}}"].join("");

/**
 * What a process of the mesh finds in its environment: `PORT` (its first port) and `PORT_<NAME>`; for each Service of
 * its namespace the listener of its own proxy, `<SERVICE>_SERVICE_HOST/_PORT` as in Kubernetes, and `_URL` where it may speak
 * HTTP; and a forward proxy for all other names. A captured one needs no forward proxy: names lead it to its own proxy, or outside.
 */
export function environmentOf(
  workload: Named,
  ports: readonly string[],
  services: Iterable<Service>,
  isCaptured = false,
): Readonly<Record<string, string>> {
  return {
    ...portVariables(ports),
    ...serviceVariables(workload, services, (service, port) =>
      portOf(outboundSocket(workload, service, port)),
    ),
    ...(isCaptured ? {} : proxyVariables(portOf(forwardSocket(workload)))),
  };
}

/** Without proxies (the Crawl profile): the processes themselves, where `addressOf` knows one. */
export function directEnvironmentOf(
  workload: Named,
  ports: readonly string[],
  services: Iterable<Service>,
  addressOf: (service: string, port: number) => string | null,
): Readonly<Record<string, string>> {
  return { ...portVariables(ports), ...serviceVariables(workload, services, addressOf) };
}

function portVariables(ports: readonly string[]): Record<string, string> {
  const variables: Record<string, string> = {};
  const [first] = ports;
  if (first !== undefined) variables["PORT"] = portOf(first);
  for (const name of ports) variables[`PORT_${variableName(name)}`] = portOf(name);
  return variables;
}

function serviceVariables(
  workload: Named,
  services: Iterable<Service>,
  portFor: (service: string, port: number) => string | null,
): Record<string, string> {
  const variables: Record<string, string> = {};
  const sorted = [...services].sort((a, b) => compareText(namespacedName(a), namespacedName(b)));
  for (const service of sorted) {
    if (namespaceOf(service) !== workload.namespace) continue;
    const prefix = `${variableName(service.metadata.name)}_SERVICE`;
    for (const [index, served] of servedPorts(service).entries()) {
      const { name, port } = served;
      const number = portFor(namespacedName(service), port);
      if (number === null) continue;
      if (name !== undefined) variables[`${prefix}_PORT_${variableName(name)}`] = number;
      if (index > 0) continue;
      variables[`${prefix}_HOST`] = loopback;
      variables[`${prefix}_PORT`] = number;
      // An URL would name a protocol that nobody speaks there.
      if (!carriesHttp(protocolOf(service, served))) continue;
      variables[`${prefix}_URL`] = ["http://", loopback, ":", number].join("");
    }
  }
  return variables;
}

/** Both spellings: curl reads only the lower one; Node reads either, and only when told to. */
function proxyVariables(port: string): Record<string, string> {
  const url = `http://${loopback}:${port}`;
  const none = `localhost,${loopback},::1`;
  return {
    http_proxy: url,
    HTTP_PROXY: url,
    no_proxy: none,
    NO_PROXY: none,
    NODE_USE_ENV_PROXY: "1",
  };
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");
}
