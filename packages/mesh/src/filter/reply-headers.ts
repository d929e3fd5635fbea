import * as v from "valibot";
import type { FilterDoc } from "../model/document.ts";
import type { Filter } from "./filter.ts";
import { compileHeaderEdits, headerEditsEntries } from "./header-edits.ts";

type Doc = Extract<FilterDoc, { type: "reply-headers" }>;

export const replyHeadersSchema: v.GenericSchema<unknown, Doc> = v.strictObject({
  type: v.literal("reply-headers"),
  ...headerEditsEntries,
});

/** Gateway API: ResponseHeaderModifier. */
export function compileReplyHeaders(doc: Doc): Filter {
  return { request: null, reply: compileHeaderEdits(doc) };
}
