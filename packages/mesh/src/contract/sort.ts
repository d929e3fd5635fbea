import type { Rng } from "../base/rng.ts";
import type { ValueType } from "../model/document.ts";
import type { Value } from "./operation.ts";
import { hashOf } from "./recorded-value.ts";

/**
 * What a sort's values are in a model. A whole number beyond 2^53 - 1 comes as a bigint, so that each is one value: a
 * model may keep and compare it, and fails where it computes with it.
 */
export type ValueIn<S extends string> = S extends "int"
  ? number
  : S extends "str" | "text"
    ? string
    : S extends "bool"
      ? boolean
      : S extends `[${infer Element}]`
        ? readonly ValueIn<Element>[]
        : never;

/** What stands for a value of the sort in an axiom. */
export type Literal<S extends string> = S extends "int" ? number | bigint : ValueIn<S>;

/** A sort as data: what the algebra calls a set of values. */
export interface SortInfo {
  readonly sort: string;
  /** As in a signature: `Int`. */
  readonly title: string;
  /** How proxies record it. */
  readonly recordedAs: ValueType;
  readonly accepts: (value: Value) => boolean;
  /** A value for trying an axiom: few different ones, so that equal ones meet, and odd ones now and then. */
  readonly draw: (rng: Rng) => Value;
}

/** What is known of a sort by its name. */
export function sortInfo(sort: string): SortInfo {
  const simple = sorts[sort];
  if (simple !== undefined) return { sort, ...simple };
  const element = sortInfo(sort.slice(1, -1));
  return {
    sort,
    title: `[${element.title}]`,
    recordedAs: "json",
    accepts: (value) => Array.isArray(value) && value.every(element.accepts),
    draw: (rng) => Array.from({ length: rng.below(3) }, () => element.draw(rng)),
  };
}

const isText = (value: Value) => typeof value === "string";
const drawText = (rng: Rng) => {
  const odd = ["", " ", "ä", "0", "a\n"];
  return rng.below(4) === 0 ? odd[rng.below(odd.length)]! : "abc"[rng.below(3)]!;
};

const sorts: Readonly<Record<string, Omit<SortInfo, "sort">>> = {
  int: {
    title: "Int",
    recordedAs: "integer",
    accepts: (value) => Number.isSafeInteger(value) || typeof value === "bigint",
    draw: (rng) => (rng.below(4) === 0 ? rng.next() - 0x8000_0000 : rng.below(3)),
  },
  str: { title: "String", recordedAs: "opaque", accepts: isText, draw: drawText },
  text: {
    title: "Text",
    recordedAs: "text",
    accepts: (value) => isText(value) && hashOf(value) === null,
    draw: drawText,
  },
  bool: {
    title: "Bool",
    recordedAs: "json",
    accepts: (value) => typeof value === "boolean",
    draw: (rng) => rng.below(2) === 0,
  },
};
