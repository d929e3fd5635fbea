import { kinds } from "@heddle/mesh/resource/index.ts";
import { apiVersion } from "@heddle/mesh/resource/kind.ts";
import { didYouMean } from "@heddle/mesh/resource/schema/suggest.ts";

/** Groups whose kinds are a cluster's own affair: what runs there, with which rights, on which disk. */
const clusterGroups: ReadonlySet<string> = new Set([
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "apps",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
]);

/** Core kinds beside Service and ConfigMap. */
const clusterKinds: ReadonlySet<string> = new Set([
  "Binding",
  "Endpoints",
  "LimitRange",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "Pod",
  "PodTemplate",
  "ReplicationController",
  "ResourceQuota",
  "Secret",
  "ServiceAccount",
]);

/** Groups that say how services may talk: to skip one of their kinds would be to drop a restriction. */
const meshGroups: ReadonlySet<string> = new Set([
  "access.smi-spec.io",
  "gateway.networking.k8s.io",
  "gateway.networking.x-k8s.io",
  "metrics.smi-spec.io",
  "specs.smi-spec.io",
  "split.smi-spec.io",
]);

/** What becomes of an object whose kind is not in the table: left out with a word, or refused. */
export type UnknownKind =
  | { readonly outcome: "skip"; readonly message: string }
  | { readonly outcome: "refuse"; readonly field: "apiVersion" | "kind"; readonly message: string };

export function judgeUnknownKind(version: string, kind: string): UnknownKind {
  const group = version.includes("/") ? version.slice(0, version.indexOf("/")) : "";
  const isOfCluster =
    group === "" ? version === "v1" && clusterKinds.has(kind) : clusterGroups.has(group);
  if (isOfCluster) return { outcome: "skip", message: `skipped: ${kind} is for a cluster only` };
  const versions = kinds
    .filter((one) => one.kind === kind)
    .flatMap((one) => [one, ...one.served])
    .map((one) => apiVersion(one.group, one.version));
  if (versions.length > 0) {
    const message = `expected ${versions.join(" or ")}, got "${version}"`;
    return { outcome: "refuse", field: "apiVersion", message };
  }
  if (meshGroups.has(group)) {
    return {
      outcome: "refuse",
      field: "kind",
      message: `heddle does not support ${kind} of ${group} yet`,
    };
  }
  const known = kinds.filter((one) => one.group === group).map((one) => one.kind);
  const guess = didYouMean(kind, known.length > 0 ? known : kinds.map((one) => one.kind));
  return { outcome: "refuse", field: "kind", message: `no kind "${kind}" in ${version}${guess}` };
}
