import * as v from "valibot";
import type { MirrorDoc } from "../model/document.ts";
import { backendTarget, whole } from "../model/schema-parts.ts";
import type { Filter } from "./filter.ts";

export const mirrorSchema: v.GenericSchema<unknown, MirrorDoc> = v.strictObject({
  type: v.literal("mirror"),
  backend: backendTarget,
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
