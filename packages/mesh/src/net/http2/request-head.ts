import type { RequestHead } from "../../model/head.ts";
import type { BodyLength } from "../codec.ts";
import { Http2Fields } from "./fields.ts";
import { HpackField } from "./hpack/field.ts";

/** The pseudo-header fields of a request; null where it had none. */
export interface RequestPseudo {
  readonly method: HpackField;
  readonly scheme: HpackField | null;
  /** `:authority`, or made of Host where only that came. */
  readonly authority: HpackField;
  readonly path: HpackField | null;
  readonly protocol: HpackField | null;
}

const get = new HpackField(":method", "GET");

/**
 * A request head as it came over HTTP/2, and the edits made to it. An extended CONNECT (RFC 8441) reads as GET with `upgrade`, as
 * everywhere in the proxy. `host` is the authority: there is no Host field beside it.
 */
export class Http2RequestHead extends Http2Fields implements RequestHead {
  /** How long the body is, as the head says and the end of the stream confirms. */
  readonly length: BodyLength;
  /** The value of its one Content-Length, or -1. */
  readonly contentLength: number;
  methodField: HpackField;
  schemeField: HpackField | null;
  authorityField: HpackField;
  pathField: HpackField | null;
  upgrade: string | null;

  constructor(
    pseudo: RequestPseudo,
    fields: HpackField[],
    body: { length: BodyLength; contentLength: number },
  ) {
    super(fields);
    this.length = body.length;
    this.contentLength = body.contentLength;
    this.methodField = pseudo.protocol === null ? pseudo.method : get;
    this.schemeField = pseudo.scheme;
    this.authorityField = pseudo.authority;
    this.pathField = pseudo.path;
    this.upgrade = pseudo.protocol === null ? null : pseudo.protocol.value;
  }

  /** `http` or `https` as the client said it, or null for CONNECT. It says nothing about how it came here. */
  get scheme(): string | null {
    return this.schemeField === null ? null : this.schemeField.value;
  }

  get method(): string {
    return this.methodField.value;
  }

  set method(method: string) {
    this.methodField = new HpackField(":method", method);
  }

  get path(): string {
    return this.pathField === null ? "" : this.pathField.value;
  }

  set path(path: string) {
    this.pathField = new HpackField(":path", path);
  }

  get authority(): string {
    return this.authorityField.value;
  }

  set authority(authority: string) {
    this.authorityField = new HpackField(":authority", authority);
  }

  override get(name: string): string | null {
    return name === "host" ? this.authority : super.get(name);
  }

  override set(name: string, value: string): void {
    if (name === "host") this.authority = value;
    else super.set(name, value);
  }

  override add(name: string, value: string): void {
    if (name === "host") this.authority = value;
    else super.add(name, value);
  }

  override each(visit: (name: string, value: string) => void): void {
    visit("host", this.authority);
    super.each(visit);
  }
}
