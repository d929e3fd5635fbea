import type { RequestHead } from "../model/head.ts";
import { firstQueryValue } from "../model/target.ts";
import { matchesHostname } from "./host.ts";
import type { Entry, FieldTest } from "./rule.ts";

/** The request that is matched: what several entries ask of it is read once. One for a table, used again for each request. */
export class Subject {
  #head: RequestHead | null = null;
  #path = "";
  #host = "";
  /** All values of the field that a pattern asked for last. */
  #joinedName = "";
  #joined: string | null = null;

  /** @param path in its normal form, without the query */
  begin(head: RequestHead, path: string, host: string): void {
    this.#head = head;
    this.#path = path;
    this.#host = host;
  }

  /** Holds nothing of the request any more. */
  end(): void {
    this.#head = null;
    this.#joinedName = "";
    this.#joined = null;
  }

  get head(): RequestHead {
    return this.#head!;
  }

  get host(): string {
    return this.#host;
  }

  get method(): string {
    return this.#head!.method;
  }

  /** What is behind the path's last slash. */
  get lastSegment(): string {
    return this.#path.slice(this.#path.lastIndexOf("/") + 1);
  }

  field(name: string): string | null {
    return this.#head!.get(name);
  }

  parameter(name: string): string | null {
    return firstQueryValue(this.#head!.path, name);
  }

  /** Does it fit all that the entry asks, but for the path as far as an index has looked it up? */
  fits(entry: Entry): boolean {
    const { method, pattern, hostname, headers, query } = entry;
    if (method !== null && method !== this.#head!.method) return false;
    if (hostname !== null && !matchesHostname(hostname, this.#host)) return false;
    if (pattern !== null && !pattern.test(this.#path)) return false;
    if (headers !== null) {
      for (const header of headers) if (!this.#fitsField(header)) return false;
    }
    if (query !== null) {
      for (const { name, value, pattern } of query) {
        const given = this.parameter(name);
        if (given === null) return false;
        if (pattern === null ? given !== value : !pattern.test(given)) return false;
      }
    }
    return true;
  }

  /** One value is the first; a pattern sees them all (RFC 9110 §5.3; SMI asks for it). */
  #fitsField({ name, value, pattern }: FieldTest): boolean {
    if (pattern === null) return this.#head!.get(name) === value;
    if (this.#joinedName !== name) {
      this.#joinedName = name;
      this.#joined = null;
      this.#head!.each((field, each) => {
        if (field === name) this.#joined = this.#joined === null ? each : `${this.#joined},${each}`;
      });
    }
    return this.#joined !== null && pattern.test(this.#joined);
  }
}
