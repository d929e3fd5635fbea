import * as v from "valibot";

/** Pieces that schemas of documents are made of. */

export const text = v.pipe(v.string(), v.minLength(1, "some text"));
export const whole = v.pipe(
  v.number(),
  v.safeInteger("a whole number"),
  v.minValue(0, "a number >= 0"),
);
export const port = v.pipe(
  whole,
  v.minValue(1, "a port, 1 to 65535"),
  v.maxValue(65_535, "a port, 1 to 65535"),
);
export const durationMs = v.pipe(
  v.number(),
  v.minValue(0, "a number >= 0"),
  v.finite("a finite number"),
);
/** `<namespace>/<name>`. */
export const serviceKey = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9-]{1,63}\/[a-z0-9-]{1,63}$/, "<namespace>/<name>"),
);
export const share = v.pipe(
  v.number(),
  v.minValue(0, "a share, 0 to 1"),
  v.maxValue(1, "a share, 0 to 1"),
);
export const hostname = v.pipe(v.string(), v.regex(/^[a-z0-9.-]+$/i, "a host name"));
/** A backend of a rule or a mirror; null: an invalid reference. */
export const backendTarget = v.nullable(v.strictObject({ service: serviceKey, port }));
