import type { MeshWorld } from "@heddle/control/plan/mesh-view.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import type { ApiClient } from "../api/client.ts";
import { listIntent, readManifests } from "./manifests.ts";
import { apiOf, type World } from "./world.ts";

/** All that is stated, and what runs: of a mesh, or of files with nothing running. */
export interface StatedMesh {
  readonly resources: readonly KnownResource[];
  /** Null: files; each Process is imagined to run. */
  readonly world: MeshWorld | null;
  /** Null: files. */
  readonly api: ApiClient | null;
}

/** Of the mesh that the options name, or of files instead. @throws ManifestFault for files with errors. */
export async function statedMesh(
  world: World,
  options: { readonly mesh?: string },
  files: readonly string[] | null,
): Promise<StatedMesh> {
  if (files !== null) {
    const { resources } = await readManifests(world, files);
    return { resources, world: null, api: null };
  }
  const api = await apiOf(world, options);
  const resources = await listIntent(api);
  return { resources, world: await api.verb<MeshWorld>("world"), api };
}
