import { checkResource, kindOf } from "@heddle/mesh/resource/check.ts";
import { type KnownResource, kinds } from "@heddle/mesh/resource/index.ts";

export const gateway = "gateway.networking.k8s.io/v1";
export const heddle = "heddle.dev/v1alpha1";

/** Changes of these make a revision. */
export const intentCollections: readonly string[] = kinds
  .filter(({ isMade }) => !isMade)
  .map(collectionOf);

export function isIntent(collection: string): boolean {
  return intentCollections.includes(collection);
}

export function collectionOf({
  group,
  plural,
}: {
  readonly group: string;
  readonly plural: string;
}): string {
  return group === "" ? plural : `${plural}.${group}`;
}

/** Where the resource is stored. */
export function placeOf(object: KnownResource): {
  readonly collection: string;
  readonly name: string;
} {
  return { collection: collectionOf(kindOf(object)!), name: object.metadata.name };
}

/** Checked, with its defaults, as the API server would store it. */
export function resource(
  apiVersion: string,
  kind: string,
  name: string,
  spec: object,
): KnownResource {
  const value = {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace: "default",
      uid: `${kind}-${name}`.toLowerCase(),
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...(kind === "Process" ? { labels: { app: name } } : {}),
    },
    spec,
  };
  const result = checkResource(kindOf(value)!, value);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.resource;
}

export function port(number: number, targetPort: string, more: object = {}): object {
  return { name: `p${number}`, port: number, targetPort, ...more };
}
