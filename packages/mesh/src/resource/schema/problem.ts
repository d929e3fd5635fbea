import { formatPath, type Path, type Step } from "./path.ts";

/** One thing wrong, or worth a note, at one place of a resource. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
}

/** `spec.replicas: expected a whole number >= 0, got "three"`. */
export function formatProblem(problem: Problem): string {
  return problem.path.length === 0
    ? problem.message
    : `${formatPath(problem.path)}: ${problem.message}`;
}

/** Collects problems below one place of a resource. */
export class Problems {
  readonly #found: Problem[];
  readonly #base: Path;

  constructor(found: Problem[] = [], base: Path = []) {
    this.#found = found;
    this.#base = base;
  }

  /** All found so far, everywhere in the resource. */
  get found(): readonly Problem[] {
    return this.#found;
  }

  add(message: string, ...below: Step[]): void {
    this.#found.push({ path: [...this.#base, ...below], message });
  }

  /** The same collection, one or more steps deeper. */
  at(...below: Step[]): Problems {
    return new Problems(this.#found, [...this.#base, ...below]);
  }
}
