import { routeKindsOf } from "@heddle/mesh/resource/compile/gateway-attach.ts";
import { builtInGatewayClass } from "@heddle/mesh/resource/gateway-api/gatewayclass.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import { resourceKey } from "@heddle/mesh/resource/meta.ts";
import type { Path } from "@heddle/mesh/resource/schema/path.ts";
import { formatProblem } from "@heddle/mesh/resource/schema/problem.ts";
import type { ManifestResource } from "./manifest-resource.ts";
import type { ManifestProblem } from "./problem.ts";

/** A fixed port of this machine that an object wants for itself. */
interface Claim {
  readonly host: string;
  readonly port: number;
  readonly path: Path;
  readonly resource: KnownResource;
  /** Where it is written; null: in the mesh already. */
  readonly place: ManifestResource | null;
}

export interface PortClashes {
  /** Two of the text, one of them a Process: they can never both run. */
  readonly errors: readonly ManifestProblem[];
  /** Two Gateways, or one that the mesh has; whether that one is to stay only the API knows. */
  readonly warnings: readonly ManifestProblem[];
}

/**
 * Ports that two objects want. Whoever came second would not only fail: a readiness probe would find the first, and
 * call the second ready.
 */
export function portClashes(
  resources: readonly ManifestResource[],
  existing: readonly KnownResource[],
): PortClashes {
  const errors: ManifestProblem[] = [];
  const warnings: ManifestProblem[] = [];
  const replaced = new Set(resources.map(({ resource }) => resourceKey(resource)));
  const claims = new Map<number, Claim[]>();
  const add = (claim: Claim) => {
    const ofPort = claims.get(claim.port) ?? [];
    const first = ofPort.find((one) => isClash(one, claim));
    claims.set(claim.port, [...ofPort, claim]);
    if (first === undefined || claim.place === null) return;
    const kinds = [first.resource.kind, claim.resource.kind];
    const isCertain = first.place !== null && kinds.includes("Process");
    (isCertain ? errors : warnings).push(problemOf(claim, claim.place, first));
  };
  for (const resource of existing) {
    if (replaced.has(resourceKey(resource))) continue;
    for (const claim of claimsOf(resource, null)) add(claim);
  }
  for (const place of resources) {
    for (const claim of claimsOf(place.resource, place)) add(claim);
  }
  return { errors, warnings };
}

function isClash(first: Claim, second: Claim): boolean {
  const isSame = resourceKey(first.resource) === resourceKey(second.resource);
  // Listeners of one Gateway share their port; an object that is there twice is an error by itself.
  if (isSame && (first.resource !== second.resource || first.resource.kind === "Gateway"))
    return false;
  const everywhere = ["0.0.0.0", "::"];
  return (
    [first, second].some(({ host }) => everywhere.includes(host)) || first.host === second.host
  );
}

function claimsOf(resource: KnownResource, place: ManifestResource | null): readonly Claim[] {
  if (resource.kind === "Process") {
    const { ports = [], replicas = 1 } = resource.spec;
    if (replicas === 0) return [];
    return ports.flatMap(({ bind: port }, index) => {
      const path: Path = ["spec", "ports", index, "bind"];
      return port === undefined ? [] : { host: "127.0.0.1", port, path, resource, place };
    });
  }
  if (resource.kind !== "Gateway") return [];
  const { addresses = [], gatewayClassName, listeners } = resource.spec;
  if (gatewayClassName !== builtInGatewayClass.metadata.name) return [];
  const given = addresses.flatMap(({ value }) => (value === undefined ? [] : value));
  const hosts = given.length === 0 ? ["127.0.0.1"] : given;
  return listeners.flatMap((listener, index) =>
    routeKindsOf(listener).length > 0
      ? hosts.map((host) => ({
          host: host === "localhost" ? "127.0.0.1" : host,
          port: listener.port,
          path: ["spec", "listeners", index, "port"],
          resource,
          place,
        }))
      : [],
  );
}

function problemOf(claim: Claim, at: ManifestResource, first: Claim): ManifestProblem {
  const { kind, metadata } = claim.resource;
  const other = `${first.resource.kind}/${first.resource.metadata.name}`;
  const where =
    first.place === null
      ? ", which the mesh has"
      : `, at ${first.place.file}:${first.place.lineOf(first.path)}`;
  const message = `${claim.port} is the port of ${other} already${where}`;
  return {
    file: at.file,
    line: at.lineOf(claim.path),
    subject: `${kind}/${metadata.name}`,
    message: formatProblem({ path: claim.path, message }),
  };
}
