import type { Fields, ReplyHead, RequestHead } from "@heddle/mesh/model/head.ts";

type Pairs = readonly (readonly [name: string, value: string])[];

class PlainFields implements Fields {
  protected fields: (readonly [string, string])[];

  constructor(fields: Pairs) {
    this.fields = [...fields];
  }

  get(name: string): string | null {
    return this.fields.find(([other]) => other === name)?.[1] ?? null;
  }

  set(name: string, value: string): void {
    const first = this.fields.findIndex(([other]) => other === name);
    if (first === -1) this.add(name, value);
    else {
      this.fields[first] = [name, value];
      this.fields = this.fields.filter(([other], index) => index <= first || other !== name);
    }
  }

  add(name: string, value: string): void {
    this.fields.push([name, value]);
  }

  remove(name: string): void {
    this.fields = this.fields.filter(([other]) => other !== name);
  }

  each(visit: (name: string, value: string) => void): void {
    for (const [name, value] of this.fields) visit(name, value);
  }

  /** All fields in order. */
  pairs(): Pairs {
    return this.fields;
  }
}

/** A request head that came from no wire. */
export class PlainRequest extends PlainFields implements RequestHead {
  method: string;
  path: string;
  authority: string;

  constructor(method: string, path: string, fields: Pairs = [], authority = "kvs") {
    super(fields);
    this.method = method;
    this.path = path;
    this.authority = authority;
  }
}

/** A reply head that came from no wire. */
export class PlainReply extends PlainFields implements ReplyHead {
  status: number;

  constructor(status: number, fields: Pairs = []) {
    super(fields);
    this.status = status;
  }
}
