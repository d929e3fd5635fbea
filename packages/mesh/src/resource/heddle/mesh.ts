import { buildKind } from "../kind.ts";
import { conditions, type ResourceOf } from "../meta.ts";
import { preciseHostname } from "../schema/formats.ts";
import { defaulted, object, oneOf, type TypeOf, text } from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";

/** What holds for the whole mesh. There is one, called `mesh`, or none. */
export const meshSpec = object({
  /** `crawl`: no proxies. `walk`: proxies, each with its fixed file. `run`: a control plane drives them. */
  profile: defaulted(oneOf("crawl", "walk", "run"), "run"),
  /** The first part of every identity. Kept for the life of the root certificate. */
  trustDomain: defaulted(
    text({
      minLength: 1,
      maxLength: 255,
      pattern: /^[a-z0-9._-]+$/,
      words: "a trust domain of a-z, 0-9, ., _ and -",
    }),
    "heddle.local",
  ),
  /** The suffix of full names, `service.namespace.svc.<domain>`. */
  clusterDomain: defaulted(preciseHostname, "cluster.local"),
  /** Of Processes that do not say themselves. Only `none` is there yet. */
  isolate: defaulted(oneOf("none"), "none"),
});

const meshStatus = object({ conditions });

export type MeshSpec = TypeOf<typeof meshSpec>;
export type Mesh = ResourceOf<"Mesh", MeshSpec, TypeOf<typeof meshStatus>>;

export const meshKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "Mesh",
  plural: "meshes",
  isNamespaced: false,
  name: oneOf("mesh"),
  spec: meshSpec,
  status: meshStatus,
  columns: [
    {
      name: "PROFILE",
      type: "text",
      value: (resource) => (resource as Mesh).spec.profile ?? "run",
    },
  ],
});

/** The Mesh's settings with every default filled in; `mesh` null: there is no Mesh. */
export function meshSettings(mesh: Mesh | null): Required<MeshSpec> {
  return {
    profile: mesh?.spec.profile ?? "run",
    trustDomain: mesh?.spec.trustDomain ?? "heddle.local",
    clusterDomain: mesh?.spec.clusterDomain ?? "cluster.local",
    isolate: mesh?.spec.isolate ?? "none",
  };
}
