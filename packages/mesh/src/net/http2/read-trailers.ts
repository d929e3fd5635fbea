import type { Fields } from "../../model/head.ts";
import { isTrailerAllowed } from "../http1/trailers.ts";
import { FIRST_MALFORMED, kindOfField, METHOD, malformedDetail } from "./field-kinds.ts";
import { Http2Fields } from "./fields.ts";
import type { HpackField } from "./hpack/field.ts";

/**
 * The trailer fields that the field section `fields` holds, without those that must not be there (RFC 9110 §6.5.1); null where none
 * is left; a text says what is wrong: they are malformed as a head would be (RFC 9113 §8.1).
 */
export function readTrailers(fields: readonly HpackField[]): Fields | null | string {
  const kept: HpackField[] = [];
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index]!;
    const kind = kindOfField(field);
    if (kind >= FIRST_MALFORMED) return malformedDetail(field);
    if (kind >= METHOD) return `${field.name} in trailers`;
    if (isTrailerAllowed(field.name)) kept.push(field);
  }
  return kept.length === 0 ? null : new Http2Fields(kept);
}
