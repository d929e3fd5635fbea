/** One filter's configuration; `filter/index.ts` is the table of types. */
export type FilterDoc =
  | ({ readonly type: "request-headers" } & HeaderEditsDoc)
  | ({ readonly type: "reply-headers" } & HeaderEditsDoc)
  | {
      readonly type: "url-rewrite";
      readonly hostname: string | null;
      /** `prefix` replaces the prefix that the rule's match consumed (`from`). */
      readonly path:
        | { readonly replace: "full"; readonly value: string }
        | { readonly replace: "prefix"; readonly from: string; readonly value: string }
        | null;
    };

export interface HeaderEditsDoc {
  readonly set: readonly ValueMatchDoc[];
  readonly add: readonly ValueMatchDoc[];
  readonly remove: readonly string[];
}

export interface ValueMatchDoc {
  /** A header name in lower case, or a query parameter. */
  readonly name: string;
  readonly value: string;
}
