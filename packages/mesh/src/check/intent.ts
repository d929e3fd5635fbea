import type { KnownResource } from "../resource/index.ts";
import { type Resource, resourceKey } from "../resource/meta.ts";
import type { IntentState } from "./evidence.ts";

/** A change of intent as the log of revisions tells it. */
export interface IntentRevision {
  readonly atWallMs: number;
  readonly changes: readonly {
    readonly before: Resource | null;
    readonly after: Resource | null;
  }[];
}

/**
 * Intent over time, oldest first: what it is now, and what it was before each revision, which is undone one by one.
 * @param now everything that is stored, with its defaults
 * @param revisions in any order; the first state holds from the oldest of them
 */
export function intentOver(
  now: readonly KnownResource[],
  revisions: readonly IntentRevision[],
): readonly IntentState[] {
  const resources = new Map<string, KnownResource>(now.map((one) => [resourceKey(one), one]));
  const states: IntentState[] = [];
  for (const { atWallMs, changes } of [...revisions].sort((a, b) => b.atWallMs - a.atWallMs)) {
    states.unshift({ fromWallMs: atWallMs, resources: [...resources.values()] });
    for (const { before, after } of changes) {
      const key = resourceKey((before ?? after)!);
      if (before === null) resources.delete(key);
      else resources.set(key, asItWas(before, resources.get(key)));
    }
  }
  states.unshift({ fromWallMs: 0, resources: [...resources.values()] });
  // Before anything was meant to run nobody had to hear of a change.
  while (states.length > 1 && !states[0]!.resources.some(({ kind }) => kind === "Process")) {
    states.shift();
  }
  return states;
}

/** A revision tells what somebody wrote; when the object was made it has kept. */
function asItWas(before: Resource, later: KnownResource | undefined): KnownResource {
  const { creationTimestamp } = later?.metadata ?? {};
  const metadata = {
    ...before.metadata,
    ...(creationTimestamp !== undefined && { creationTimestamp }),
  };
  return { ...before, metadata } as KnownResource;
}
