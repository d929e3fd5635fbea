import { servedPorts } from "@heddle/mesh/resource/compile/service-port.ts";
import type { Service, ServicePort } from "@heddle/mesh/resource/core/service.ts";
import { declarationOf } from "@heddle/mesh/resource/core/service-protocol.ts";
import { formatTable } from "./table.ts";

/**
 * What is spoken on each port of a Service, and who says so.
 * @param seen what its callers spoke in the last 60 s
 */
export function formatProtocols(service: Service, seen: readonly string[]): string {
  const ports = servedPorts(service);
  if (ports.length === 0) return "";
  const table = formatTable(
    [
      { name: "PORT", cell: ({ port }: ServicePort) => port },
      { name: "NAME", cell: ({ name }) => name ?? null },
      { name: "PROTOCOL", cell: (port) => declarationOf(service, port).protocol },
      { name: "SAID BY", cell: (port) => declarationOf(service, port).saidBy },
    ],
    ports,
  );
  return seen.length === 0 ? table : `${table}spoken in the last 60 s: ${seen.join(", ")}\n`;
}
