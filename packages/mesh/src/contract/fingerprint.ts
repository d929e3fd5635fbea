/**
 * Text that is equal for equal values and states, and for no others: numbers, text, booleans, null, undefined and bigints;
 * lists, plain objects, Map and Set of them, whose order of insertion says nothing. A state of another class has none.
 * @throws TypeError
 */
export function fingerprint(state: unknown): string {
  switch (typeof state) {
    case "string":
      return JSON.stringify(state);
    case "number":
      return Object.is(state, -0) ? "0" : String(state);
    case "bigint":
      // One whole number is one value, however it came.
      return String(state);
    case "boolean":
    case "undefined":
      return String(state);
    case "object":
      return state === null ? "null" : ofObject(state);
    default:
      throw new TypeError(`a state holds a ${typeof state}: nothing says when two of it are equal`);
  }
}

function ofObject(state: object): string {
  if (Array.isArray(state)) return `[${state.map(fingerprint).join(",")}]`;
  if (state instanceof Map) {
    return `map(${sorted(Array.from(state, ([key, value]) => `${fingerprint(key)}:${fingerprint(value)}`))})`;
  }
  if (state instanceof Set) return `set(${sorted(Array.from(state, fingerprint))})`;
  const prototype: unknown = Object.getPrototypeOf(state);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(
      `a state is a ${state.constructor.name}: use values, lists, plain objects, Map and Set`,
    );
  }
  return `{${sorted(Object.entries(state).map(([name, value]) => `${JSON.stringify(name)}:${fingerprint(value)}`))}}`;
}

function sorted(parts: readonly string[]): string {
  return parts.length < 2 ? (parts[0] ?? "") : parts.toSorted().join(",");
}
