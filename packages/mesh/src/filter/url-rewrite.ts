import * as v from "valibot";
import type { FilterDoc } from "../model/document.ts";
import { hostname } from "../model/schema-parts.ts";
import type { Filter } from "./filter.ts";
import { compilePathEdit, pathEditSchema } from "./path-edit.ts";

type Doc = Extract<FilterDoc, { type: "url-rewrite" }>;

export const urlRewriteSchema: v.GenericSchema<unknown, Doc> = v.strictObject({
  type: v.literal("url-rewrite"),
  hostname: v.nullable(hostname),
  path: v.nullable(pathEditSchema),
});

/** Gateway API: URLRewrite. The query stays as it is. */
export function compileUrlRewrite({ hostname, path }: Doc): Filter {
  const edit = compilePathEdit(path);
  return {
    request: (head) => {
      if (hostname !== null) head.authority = hostname;
      if (edit !== null) head.path = edit(head.path);
      return null;
    },
    reply: null,
  };
}
