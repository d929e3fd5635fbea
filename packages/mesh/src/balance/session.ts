import { keyHash } from "../base/key-hash.ts";
import type { RequestHead } from "../model/head.ts";
import type { SessionDoc } from "../model/policy.ts";
import type { ServiceKey } from "../model/service-key.ts";
import { findCookie } from "./cookie.ts";
import { mixHash } from "./hash-mix.ts";

/** The endpoint that a client stays with. */
export interface Session {
  readonly service: ServiceKey;
  readonly port: number;
  /** Of the workload. */
  readonly uid: string;
  /** When its token was first given, in s of the wall clock: its life counts from there. */
  readonly issuedS: number;
}

/**
 * Reads and writes the tokens by which clients stay with an endpoint (GEP-1619). A token is opaque: it holds workload, service port and
 * time of issue, masked and checked under the name of its rule, so that one rule's is nothing to another, and a client does not come by
 * one but by being given it. That is no secret: who forges one chooses among the endpoints that could have answered it anyway.
 *
 * ```
 *  base64url( mask(rule) xor "<check>.<issued, s>.<uid>.<port>.<service>" )
 * ```
 */
export class SessionTokens {
  readonly #doc: SessionDoc;
  readonly #scope: string;
  readonly #seed: number;

  /** @param scope whose sessions these are: `<route>#<rule>`, or the service */
  constructor(doc: SessionDoc, scope: string) {
    this.#doc = doc;
    this.#scope = scope;
    this.#seed = keyHash(`session ${scope}`);
  }

  /** The session that the request brings, if it is one of this rule's and lasts. Of several the first such. */
  read(head: RequestHead, nowWallMs: number): Session | null {
    const where = this.#doc.in;
    if (where.kind === "header") {
      const text = head.get(where.name);
      return text === null ? null : this.#parse(text, nowWallMs);
    }
    if (head.get("cookie") === null) return null;
    let session: Session | null = null;
    findCookie(head, where.name, (value) => {
      session = this.#parse(value, nowWallMs);
      return session !== null;
    });
    return session;
  }

  /**
   * The field of the reply that gives the client a new session: for who brought none, one that has ended, or one whose endpoint is not
   * the one that answered.
   * @param isSecure did the client's connection carry TLS? Only then a cookie is for such connections alone.
   */
  write(
    { service, port, uid }: Omit<Session, "issuedS">,
    nowWallMs: number,
    isSecure: boolean,
  ): readonly [name: string, value: string] {
    const issuedS = Math.floor(nowWallMs / 1000);
    const token = this.#format({ service, port, uid, issuedS });
    const where = this.#doc.in;
    if (where.kind === "header") return [where.name, token];
    const lifeMs = this.#doc.absoluteTimeoutMs;
    const life = where.permanent && lifeMs !== null ? `; Max-Age=${Math.ceil(lifeMs / 1000)}` : "";
    const secure = isSecure ? "; Secure" : "";
    const value = `${where.name}=${token}; Path=${where.path}${life}; HttpOnly${secure}; SameSite=Strict`;
    return ["set-cookie", value];
  }

  #format({ service, port, uid, issuedS }: Session): string {
    const text = `${issuedS.toString(36)}.${uid}.${port}.${service}`;
    const masked = this.#mask(`${this.#check(text)}.${text}`);
    return btoa(masked).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  #parse(token: string, nowWallMs: number): Session | null {
    if (!/^[A-Za-z0-9_-]{1,512}$/.test(token) || token.length % 4 === 1) return null;
    const text = this.#mask(atob(token.replaceAll("-", "+").replaceAll("_", "/")));
    const [, check, rest] = /^([0-9a-z]+)\.(.+)$/.exec(text) ?? [];
    if (rest === undefined || check !== this.#check(rest)) return null;
    const [, issued, uid, port, service] = /^([0-9a-z]+)\.([^.]+)\.(\d+)\.(.+)$/.exec(rest) ?? [];
    if (service === undefined) return null;
    const issuedS = Number.parseInt(issued!, 36);
    const lifeMs = this.#doc.absoluteTimeoutMs;
    if (lifeMs !== null && nowWallMs >= issuedS * 1000 + lifeMs) return null;
    return { service: service as ServiceKey, port: Number(port), uid: uid!, issuedS };
  }

  /** 64 bits. */
  #check(text: string): string {
    const first = keyHash(`${this.#scope} ${text}`);
    return `${first.toString(36)}${keyHash(`${text} ${this.#scope} ${first}`).toString(36)}`;
  }

  /** Its own inverse. Hides what is told, so that nobody comes to rely on it. */
  #mask(text: string): string {
    let masked = "";
    for (let index = 0; index < text.length; index++) {
      const octet = text.charCodeAt(index) ^ (mixHash(this.#seed, index) & 0xff);
      masked += String.fromCharCode(octet & 0xff);
    }
    return masked;
  }
}
