import * as v from "valibot";
import type { HeaderEditsDoc, ValueMatchDoc } from "../model/document.ts";
import type { Fields } from "../model/head.ts";
import { octetsOf } from "../model/octets.ts";

/** RFC 9110 §5.6.2 token, in lower case as all names in documents. */
const name = v.pipe(
  v.string(),
  v.regex(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/, "a header name in lower case"),
);
/** Visible characters, spaces and tabs within: nothing that could end the line. What is not ASCII goes out as UTF-8. */
const value = v.pipe(
  v.string(),
  v.regex(
    /^(?:[\x21-\x7e\x80-\uffff](?:[\t\x20-\x7e\x80-\uffff]*[\x21-\x7e\x80-\uffff])?)?$/,
    "a header value",
  ),
);
const field = v.strictObject({ name, value });

/** Of `HeaderEditsDoc`, to be spread into the schema of a filter. */
export const headerEditsEntries = {
  set: v.array(field),
  add: v.array(field),
  remove: v.array(name),
};

/**
 * A function that edits fields: set replaces, add joins the value to what is there (`old,new`), remove removes. Null
 * where there is nothing to do.
 */
export function compileHeaderEdits(doc: HeaderEditsDoc): ((fields: Fields) => null) | null {
  const { remove } = doc;
  const [set, add] = [doc.set.map(written), doc.add.map(written)];
  if (set.length + add.length + remove.length === 0) return null;
  return (fields) => {
    for (const edit of set) fields.set(edit.name, edit.value);
    for (const edit of add) append(fields, edit);
    for (const name of remove) fields.remove(name);
    return null;
  };
}

function written({ name, value }: ValueMatchDoc): ValueMatchDoc {
  return { name, value: octetsOf(value) };
}

function append(fields: Fields, edit: ValueMatchDoc): void {
  // RFC 9110 §5.3: set-cookie lines cannot be joined.
  if (edit.name === "set-cookie" || fields.get(edit.name) === null) {
    fields.add(edit.name, edit.value);
    return;
  }
  let joined = "";
  fields.each((name, value) => {
    if (name === edit.name) joined += `${value},`;
  });
  fields.set(edit.name, joined + edit.value);
}
