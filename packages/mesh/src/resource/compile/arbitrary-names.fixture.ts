import fc from "fast-check";

/** Few names, so that references hit, miss and clash often. */
export const name = fc.constantFrom("a", "b", "c");
export const namespace = fc.constantFrom("default", "default", "other");
export const port = fc.constantFrom(80, 81);
export const named = {
  name,
  namespace,
  creationTimestamp: fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
};
export const metadata = fc.record(named);
