import type { KnownResource } from "./index.ts";
import { findKind } from "./index.ts";
import { type Fields, type Kind, storedForm } from "./kind.ts";
import type { Resource } from "./meta.ts";
import { withDefaults } from "./schema/defaults.ts";
import { inertFields } from "./schema/notes.ts";
import { type Problem, Problems } from "./schema/problem.ts";
import { isRecord, validate } from "./schema/validate.ts";

export type Checked =
  | {
      readonly ok: true;
      /** In the version that is kept, with every default filled in; the input is untouched. */
      readonly resource: KnownResource;
      /** Fields that are valid and not acted on. */
      readonly notes: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What `value` is as a resource of `kind`, or everything that is wrong with it, at the paths of the version it is in. */
export function checkResource(kind: Kind, value: unknown): Checked {
  const problems = new Problems();
  validate(kind.schema, value, problems);
  if (problems.found.length > 0) return { ok: false, problems: problems.found };
  const given = withDefaults(kind.schema, value) as KnownResource;
  const spec = kind.schema.fields["spec"];
  const notes = spec === undefined ? [] : inertFields(spec, (given as Resource).spec);
  const resource = kept(kind, given, problems);
  if (problems.found.length > 0) return { ok: false, problems: problems.found };
  return { ok: true, resource, notes: notes.map(underSpec) };
}

/**
 * A newer version may have fields, with defaults, that an older one has no words for; an annotation may hold some, and is
 * judged where it stands for them.
 */
function kept(kind: Kind, given: KnownResource, problems: Problems): KnownResource {
  const { stored } = kind.conversion ?? { stored: kind };
  const converted = storedForm(kind, given);
  if (stored !== kind) validate(stored.schema, converted, problems);
  if (problems.found.length > 0) return converted;
  const whole = withDefaults(stored.schema, converted);
  return (stored.normalise?.(whole as Fields) ?? whole) as KnownResource;
}

/** `apiVersion` and `kind` of anything, or null where it has none. */
export function typeOf(value: unknown): { apiVersion: string; kind: string } | null {
  if (!isRecord(value)) return null;
  const { apiVersion, kind } = value;
  return typeof apiVersion === "string" && typeof kind === "string" ? { apiVersion, kind } : null;
}

/** A table's kind for anything that names one. */
export function kindOf(value: unknown): Kind | null {
  const type = typeOf(value);
  return type === null ? null : findKind(type.apiVersion, type.kind);
}

function underSpec(problem: Problem): Problem {
  return { ...problem, path: ["spec", ...problem.path] };
}
