import type { ServicePort } from "../core/service.ts";

interface NamedPort {
  readonly name: string;
  readonly number: number | null;
}

/**
 * Which of a process's ports stands behind a Service's port. A name means the port of that name; a number means the
 * port of that `number`. Without `targetPort` Kubernetes takes the Service port's number; since ports of a process need
 * not have numbers here, then the port of the same name, then the only one. Null: none.
 */
export function resolveTargetPort<P extends NamedPort>(
  port: Pick<ServicePort, "name" | "port" | "targetPort">,
  ports: readonly P[],
): P | null {
  const { targetPort } = port;
  if (typeof targetPort === "string") return ports.find(({ name }) => name === targetPort) ?? null;
  const byNumber = ports.find(({ number }) => number === (targetPort ?? port.port));
  if (byNumber !== undefined || targetPort !== undefined) return byNumber ?? null;
  const only = ports.length === 1 ? ports[0]! : null;
  return ports.find(({ name }) => name === port.name) ?? only;
}
