import { kinds } from "@heddle/mesh/resource/index.ts";
import type { Kind } from "@heddle/mesh/resource/kind.ts";
import { apiVersion } from "@heddle/mesh/resource/kind.ts";

/** What a path of Kubernetes' API names. */
export type ApiPath =
  | {
      readonly about: "resource";
      /** In the version that the path names. */
      readonly kind: Kind;
      /** Null: all of them, or the kind has none. */
      readonly namespace: string | null;
      readonly name: string | null;
      readonly subresource: "status" | null;
    }
  | { readonly about: "discovery"; readonly document: object };

/** Parses `/api/v1/…` and `/apis/<group>/<version>/…`; null for any other path. `segments` are decoded. */
export function parseApiPath(segments: readonly string[]): ApiPath | null {
  const [root, ...rest] = segments;
  if (root === "api") {
    if (rest.length === 0) return discovery(coreVersions());
    return below("", rest);
  }
  if (root !== "apis") return null;
  const [group, ...path] = rest;
  if (group === undefined) return discovery(groupList());
  const versions = versionsOf(group);
  if (versions.length === 0) return null;
  if (path.length === 0) return discovery(apiGroup(group));
  return below(group, path);
}

/** What follows the group: `<version>[/namespaces/<ns>][/<plural>[/<name>[/status]]]`. */
function below(group: string, [version, ...path]: readonly string[]): ApiPath | null {
  const served = everyVersion.filter((kind) => kind.group === group && kind.version === version);
  if (served.length === 0) return null;
  if (path.length === 0) return discovery(resourceList(group, version!, served));
  const isIn = path[0] === "namespaces" && path.length >= 3;
  const namespace = isIn ? path[1]! : null;
  const [plural, name = null, subresource = null, ...more] = isIn ? path.slice(2) : path;
  const kind = served.find((one) => one.plural === plural);
  if (kind === undefined || more.length > 0) return null;
  if (isIn !== kind.isNamespaced && (isIn || name !== null)) return null;
  if (subresource !== null && (subresource !== "status" || !kind.hasStatus)) return null;
  return { about: "resource", kind, namespace, name, subresource };
}

function discovery(document: object): ApiPath {
  return { about: "discovery", document };
}

function coreVersions(): object {
  return {
    kind: "APIVersions",
    versions: versionsOf(""),
    serverAddressByClientCIDRs: [],
  };
}

function groupList(): object {
  const groups = [...new Set(kinds.map(({ group }) => group))].filter((group) => group !== "");
  return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(apiGroup) };
}

function apiGroup(group: string): object {
  const versions = versionsOf(group).map((version) => ({
    groupVersion: `${group}/${version}`,
    version,
  }));
  return {
    kind: "APIGroup",
    apiVersion: "v1",
    name: group,
    versions,
    preferredVersion: versions[0],
  };
}

/** As Kubernetes prefers them: v2, v1, v1beta1, v1alpha2, v1alpha1. The first is what clients choose that have no wish. */
function versionsOf(group: string): readonly string[] {
  const found = everyVersion.filter((kind) => kind.group === group);
  const versions = [...new Set(found.map(({ version }) => version))];
  return versions.sort((a, b) => compareRank(rankOf(b), rankOf(a)));
}

const everyVersion: readonly Kind[] = kinds.flatMap((kind) => [kind, ...kind.served]);

const stages = ["alpha", "beta", undefined];

/** Of `v<major>[alpha|beta<minor>]`: how far it is, then its numbers. */
function rankOf(version: string): readonly number[] {
  const [, major, stage, minor] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  return [stages.indexOf(stage), Number(major), Number(minor ?? 0)];
}

function compareRank(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((number, index) => number !== b[index]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

const verbs = ["create", "delete", "get", "list", "patch", "update", "watch"];

function resourceList(group: string, version: string, served: readonly Kind[]): object {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersion(group, version),
    resources: served.flatMap((kind) => {
      const common = { namespaced: kind.isNamespaced, kind: kind.kind };
      const whole = {
        name: kind.plural,
        singularName: kind.singular,
        ...common,
        verbs,
        ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
      };
      const status = { name: `${kind.plural}/status`, singularName: "", ...common };
      return kind.hasStatus ? [whole, { ...status, verbs: ["get", "patch", "update"] }] : [whole];
    }),
  };
}
