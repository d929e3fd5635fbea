/** A field's name or an item's index. */
export type Step = string | number;

/** From the root of a resource to a field of it, whether it is there or not. */
export type Path = readonly Step[];

const plain = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** `spec.rules[0].backendRefs[1].port`; names that need it are quoted: `metadata.labels["a/b"]`. */
export function formatPath(path: Path): string {
  let result = "";
  for (const step of path) {
    if (typeof step === "number") result += `[${step}]`;
    else if (!plain.test(step)) result += `[${JSON.stringify(step)}]`;
    else result += result === "" ? step : `.${step}`;
  }
  return result;
}
