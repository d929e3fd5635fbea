import type { Fields, ReplyHead, RequestHead } from "../model/head.ts";

/** Fields made by the proxy itself, or that have no octets to fall back on: trailers, replies, probes. */
export class PlainFields implements Fields {
  /** name, value, name, value … */
  pairs: string[] = [];

  /** @param fields pairs of a name in lower case and a value */
  constructor(fields: Iterable<readonly [name: string, value: string]> = []) {
    for (const [name, value] of fields) this.pairs.push(name, value);
  }

  get(name: string): string | null {
    for (let index = 0; index < this.pairs.length; index += 2) {
      if (this.pairs[index] === name) return this.pairs[index + 1]!;
    }
    return null;
  }

  set(name: string, value: string): void {
    const kept: string[] = [];
    let isPlaced = false;
    for (let index = 0; index < this.pairs.length; index += 2) {
      if (this.pairs[index] !== name) kept.push(this.pairs[index]!, this.pairs[index + 1]!);
      else if (!isPlaced) {
        kept.push(name, value);
        isPlaced = true;
      }
    }
    if (!isPlaced) kept.push(name, value);
    this.pairs = kept;
  }

  add(name: string, value: string): void {
    this.pairs.push(name, value);
  }

  remove(name: string): void {
    const kept: string[] = [];
    for (let index = 0; index < this.pairs.length; index += 2) {
      if (this.pairs[index] !== name) kept.push(this.pairs[index]!, this.pairs[index + 1]!);
    }
    this.pairs = kept;
  }

  each(visit: (name: string, value: string) => void): void {
    for (let index = 0; index < this.pairs.length; index += 2) {
      visit(this.pairs[index]!, this.pairs[index + 1]!);
    }
  }
}

/** A reply made by the proxy itself. */
export class PlainReplyHead extends PlainFields implements ReplyHead {
  status: number;

  constructor(status: number, fields: Iterable<readonly [name: string, value: string]> = []) {
    super(fields);
    this.status = status;
  }
}

/** A request made by the proxy itself, such as a probe. */
export class PlainRequestHead extends PlainFields implements RequestHead {
  method: string;
  path: string;
  authority: string;
  upgrade: string | null = null;

  constructor(
    line: { readonly method: string; readonly path: string; readonly authority: string },
    fields: Iterable<readonly [name: string, value: string]> = [],
  ) {
    super(fields);
    this.method = line.method;
    this.path = line.path;
    this.authority = line.authority;
  }
}
