/** What one named check found. */
export interface Finding {
  /** What holds if it is good: `control plane answers`. */
  readonly name: string;
  readonly verdict: "good" | "warning" | "bad";
  /** More about it: a figure, or what is wrong. */
  readonly detail: string | null;
  /** What to do about it. */
  readonly hint: string | null;
}

/** It holds. */
export function good(name: string, detail: string | null = null): Finding {
  return { name, verdict: "good", detail, hint: null };
}

/** It works, and somebody should know. */
export function warning(name: string, detail: string, hint: string | null = null): Finding {
  return { name, verdict: "warning", detail, hint };
}

/** It does not hold. */
export function bad(name: string, detail: string, hint: string | null = null): Finding {
  return { name, verdict: "bad", detail, hint };
}
