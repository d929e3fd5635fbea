import type { Fields } from "../../model/head.ts";
import { HpackField } from "./hpack/field.ts";

const COOKIE = "cookie";

/**
 * Fields as they came over HTTP/2. The list is the head's own, the field objects are shared with the tables that they came
 * from: an edit puts another object in the place of one. Cookie crumbs (RFC 9113 §8.2.3) stay apart in the list, to be forwarded
 * as they came, and are one field to whoever reads.
 */
export class Http2Fields implements Fields {
  /** Without pseudo-header fields. */
  fields: HpackField[];

  constructor(fields: HpackField[]) {
    this.fields = fields;
  }

  get(name: string): string | null {
    const { fields } = this;
    for (let index = 0; index < fields.length; index++) {
      if (fields[index]!.name !== name) continue;
      return name === COOKIE ? this.#cookieFrom(index) : fields[index]!.value;
    }
    return null;
  }

  set(name: string, value: string): void {
    const index = this.fields.findIndex((field) => field.name === name);
    if (index < 0) {
      this.add(name, value);
      return;
    }
    const isSensitive = this.fields[index]!.isSensitive;
    const field = new HpackField(name, value, isSensitive);
    this.fields = this.fields.filter((each, at) => at === index || each.name !== name);
    this.fields[index] = field;
  }

  add(name: string, value: string): void {
    this.fields.push(new HpackField(name, value));
  }

  remove(name: string): void {
    const { fields } = this;
    for (let index = 0; index < fields.length; index++) {
      if (fields[index]!.name !== name) continue;
      this.fields = fields.filter((field) => field.name !== name);
      return;
    }
  }

  each(visit: (name: string, value: string) => void): void {
    const { fields } = this;
    let isCookieDone = false;
    for (let index = 0; index < fields.length; index++) {
      const field = fields[index]!;
      if (field.name !== COOKIE) visit(field.name, field.value);
      else if (!isCookieDone) {
        isCookieDone = true;
        visit(COOKIE, this.#cookieFrom(index));
      }
    }
  }

  #cookieFrom(first: number): string {
    const { fields } = this;
    let value = fields[first]!.value;
    for (let index = first + 1; index < fields.length; index++) {
      const crumb = fields[index]!;
      if (crumb.name !== COOKIE || crumb.value === "") continue;
      value = value === "" ? crumb.value : `${value}; ${crumb.value}`;
    }
    return value;
  }
}
