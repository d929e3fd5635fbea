import type { RequestHead } from "../../model/head.ts";
import type { BodyLength } from "../codec.ts";
import { latin1 } from "../latin1.ts";
import { Http1Fields } from "./fields.ts";
import type { TargetForm } from "./target.ts";

/** What `framing.ts` found out about a request. */
export interface RequestShape {
  readonly minor: number;
  readonly length: BodyLength;
  readonly targetForm: TargetForm;
  /** Offsets of the authority: in the target or in Host; equal where none was sent. */
  readonly authorityStart: number;
  readonly authorityEnd: number;
  /** Offset where the origin form starts in the target; its end where the path is empty. */
  readonly pathStart: number;
  /** Does the client wait for a 100 before it sends the body? */
  readonly expectsContinue: boolean;
  /** The protocol that Upgrade names; null where it is absent, or Connection does not say so. */
  readonly upgrade: string | null;
  /** Did the client's TE name `trailers`? */
  readonly wantsTrailers: boolean;
}

/** A request head as it came over HTTP/1, and the edits made to it. */
export class Http1RequestHead extends Http1Fields implements RequestHead {
  readonly shape: RequestShape;
  /** Must the client's connection close after the reply? */
  closes: boolean;
  #method: string | null = null;
  #path: string | null = null;
  #authority: string | null = null;
  isMethodEdited = false;
  isPathEdited = false;
  isAuthorityEdited = false;
  upgrade: string | null;

  constructor(bytes: Buffer, table: number[], shape: RequestShape) {
    super(bytes, table);
    this.shape = shape;
    // RFC 9112 §9.3: a proxy keeps no connection to an HTTP/1.0 client.
    this.closes = shape.minor === 0;
    this.upgrade = shape.upgrade;
  }

  /** The form in which the target came; it is forwarded in origin-form, or `*`. */
  get targetForm(): TargetForm {
    return this.shape.targetForm;
  }

  /** Was the target an `https` URI? */
  get isHttps(): boolean {
    const start = this.table[2]!;
    return (
      this.shape.targetForm === "absolute" &&
      latin1(this.bytes, start, start + 6).toLowerCase() === "https:"
    );
  }

  get method(): string {
    this.#method ??= readMethod(this.bytes, this.table[0]!, this.table[1]!);
    return this.#method;
  }

  set method(method: string) {
    this.#method = method;
    this.isMethodEdited = true;
  }

  get path(): string {
    this.#path ??= this.#readPath();
    return this.#path;
  }

  set path(path: string) {
    this.#path = path;
    this.isPathEdited = true;
  }

  get authority(): string {
    const { authorityStart, authorityEnd } = this.shape;
    this.#authority ??= latin1(this.bytes, authorityStart, authorityEnd);
    return this.#authority;
  }

  set authority(authority: string) {
    this.#authority = authority;
    this.isAuthorityEdited = true;
  }

  #readPath(): string {
    const { targetForm, pathStart } = this.shape;
    if (targetForm === "authority") return "";
    const path = latin1(this.bytes, pathStart, this.table[3]!);
    if (targetForm !== "absolute" || path.startsWith("/")) return path;
    // RFC 9112 §3.2.4: OPTIONS on a URI without path and query asks about the server as a whole.
    return path === "" && this.method === "OPTIONS" ? "*" : `/${path}`;
  }
}

/** The methods seen all day are not made anew. */
function readMethod(bytes: Buffer, start: number, end: number): string {
  if (end - start === 3) {
    if (bytes[start] === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54) {
      return "GET";
    }
    if (bytes[start] === 0x50 && bytes[start + 1] === 0x55 && bytes[start + 2] === 0x54) {
      return "PUT";
    }
  }
  return latin1(bytes, start, end);
}
