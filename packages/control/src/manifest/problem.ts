/** Something wrong in a manifest, or worth a word, and where. */
export interface ManifestProblem {
  /** As the source is called: `mesh.yaml`. */
  readonly file: string;
  /** 1 is the first; of the field, or of what it is missing in. */
  readonly line: number;
  /** `Process/kvs`; empty where the text is no object at all. */
  readonly subject: string;
  /** `spec.replicas: expected a whole number >= 0, got "three"`. */
  readonly message: string;
}

/**
 * One line each, columns aligned, in the order of the text:
 *
 *   mesh.yaml:5   Process/kvs           spec.replicas: expected a whole number >= 0, got "three"
 *   mesh.yaml:19  Placement/kvs-by-key  spec.targetRefs[0].name: no Service "kvz" in namespace default
 */
export function formatProblems(problems: readonly ManifestProblem[]): readonly string[] {
  const places = problems.map(({ file, line }) => `${file}:${line}`);
  const placeWidth = Math.max(0, ...places.map((place) => place.length));
  const subjectWidth = Math.max(0, ...problems.map(({ subject }) => subject.length));
  return problems.map(({ subject, message }, index) =>
    [places[index]!.padEnd(placeWidth), subject.padEnd(subjectWidth), message].join("  "),
  );
}

/** In the order of `files`, then of lines; several on one line stay as they are. */
export function inTextOrder(
  problems: readonly ManifestProblem[],
  files: readonly string[],
): readonly ManifestProblem[] {
  return [...problems].sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line,
  );
}
