import * as v from "valibot";
import type { MirrorDoc } from "../model/document.ts";
import type { Filter } from "./filter.ts";

const whole = v.pipe(v.number(), v.safeInteger("a whole number"), v.minValue(0, "a number >= 0"));

export const mirrorSchema: v.GenericSchema<unknown, MirrorDoc> = v.strictObject({
  type: v.literal("mirror"),
  backend: v.nullable(
    v.strictObject({
      service: v.pipe(
        v.string(),
        v.regex(/^[a-z0-9-]{1,63}\/[a-z0-9-]{1,63}$/, "<namespace>/<name>"),
      ),
      port: v.pipe(whole, v.minValue(1, "a port"), v.maxValue(65_535, "a port")),
    }),
  ),
  share: v.pipe(
    v.strictObject({
      numerator: whole,
      denominator: v.pipe(whole, v.minValue(1, "a number >= 1")),
    }),
    v.check(({ numerator, denominator }) => numerator <= denominator, "a share of at most 1"),
  ),
});

/** Gateway API: RequestMirror. It changes nothing on the way to the process; the relay sends the copies. */
export function compileMirror(doc: MirrorDoc): Filter {
  const isIdle = doc.backend === null || doc.share.numerator === 0;
  return { request: null, reply: null, mirror: isIdle ? null : doc };
}
