/** Our own bug: the program's state is not what its author believed. Never caught; the process ends. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Ends the program when `condition` is false: an error in heddle, never in its input or its world. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new AssertionError(claim);
}

/** The `default` of a switch over a union: compiles only while every case is handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
