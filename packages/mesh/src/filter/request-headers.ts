import * as v from "valibot";
import type { FilterDoc } from "../model/document.ts";
import type { Filter } from "./filter.ts";
import { compileHeaderEdits, headerEditsEntries } from "./header-edits.ts";

type Doc = Extract<FilterDoc, { type: "request-headers" }>;

export const requestHeadersSchema: v.GenericSchema<unknown, Doc> = v.strictObject({
  type: v.literal("request-headers"),
  ...headerEditsEntries,
});

/** Gateway API: RequestHeaderModifier. */
export function compileRequestHeaders(doc: Doc): Filter {
  return { request: compileHeaderEdits(doc), reply: null };
}
