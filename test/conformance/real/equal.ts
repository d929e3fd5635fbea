/** Throws, with what it is about, where two values differ. */
export function equal(got: unknown, wanted: unknown, what: string): void {
  if (got === wanted) return;
  const show = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 200);
  throw new Error(`${what}: got ${show(got)}, wanted ${show(wanted)}`);
}
