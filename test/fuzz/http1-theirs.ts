import { createRequire } from "node:module";

/** One message as llhttp, the parser inside Node, reads it. */
export interface TheirMessage {
  /** `GET` of a request, `200` of a reply. */
  readonly start: string;
  readonly target: string;
  /** `name: value` lines, names in lower case. */
  readonly fields: string[];
  body: string;
  isComplete: boolean;
  readonly isUpgrade: boolean;
}

export interface TheirReading {
  readonly messages: TheirMessage[];
  /** llhttp's error code, or null. */
  readonly error: string | null;
}

type Callback = (...values: unknown[]) => unknown;

interface Parser {
  initialize(kind: number, resource: object, maxHeaderSize: number, lenient: number): void;
  execute(bytes: Buffer): number | Error;
  finish(): number | Error | undefined;
  [callback: number]: Callback;
}

interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

interface HttpCommon {
  readonly HTTPParser: ParserClass;
  readonly methods: readonly string[];
}

const common = createRequire(import.meta.url)("_http_common") as HttpCommon;
const { HTTPParser } = common;

/** The methods llhttp knows; it refuses all others, which RFC 9110 §9.1 does not ask for. */
export const theirMethods: ReadonlySet<string> = new Set(common.methods);

/** Reads as llhttp does, in strict mode. One parser serves all inputs: making one costs more than most inputs. */
export class TheirReader {
  readonly #parser = new HTTPParser();
  #messages: TheirMessage[] = [];
  #pending: string[] = [];
  #pendingTarget = "";
  #method: string | null = null;
  readonly #names: Map<number, string>;

  constructor(names = new Map<number, string>()) {
    this.#names = names;
    const parser = this.#parser;
    parser[HTTPParser.kOnHeaders] = (fields, target) => {
      this.#pending.push(...(fields as string[]));
      this.#pendingTarget += target as string;
    };
    parser[HTTPParser.kOnHeadersComplete] = (...values) => this.#onHead(values);
    parser[HTTPParser.kOnBody] = (bytes) => {
      this.#messages.at(-1)!.body += (bytes as Buffer).toString("latin1");
    };
    parser[HTTPParser.kOnMessageComplete] = () => {
      this.#messages.at(-1)!.isComplete = true;
      // Trailers came by kOnHeaders too, with the target once more.
      this.#forget();
    };
  }

  /** Reads a stream of requests, or of replies to `method` where that is not null. */
  read(input: Buffer, method: string | null): TheirReading {
    this.#messages = [];
    this.#method = method;
    this.#forget();
    const kind = method === null ? HTTPParser.REQUEST : HTTPParser.RESPONSE;
    this.#parser.initialize(kind, {}, 1 << 20, 0);
    let result = this.#parser.execute(input);
    if (typeof result === "number" && method !== null) result = this.#parser.finish() ?? 0;
    const error = typeof result === "number" ? null : codeOf(result);
    return { messages: this.#messages, error };
  }

  #onHead(values: readonly unknown[]): number {
    const [, , fields, method, target, status, , upgrade] = values;
    const isRequest = this.#method === null;
    this.#messages.push({
      start: isRequest ? this.#nameOf(method as number) : String(status),
      target: (target as string | undefined) ?? this.#pendingTarget,
      fields: toLines((fields as string[] | undefined) ?? this.#pending),
      body: "",
      isComplete: false,
      isUpgrade: upgrade as boolean,
    });
    this.#forget();
    return this.#method === "HEAD" ? 1 : 0;
  }

  /** llhttp numbers its methods with gaps, so each number is learned from a request with that method. */
  #nameOf(number: number): string {
    const known = this.#names.get(number);
    if (known !== undefined || this.#names.size > 0) return known ?? `#${number}`;
    const reader = new TheirReader(new Map([[-1, ""]]));
    for (const method of common.methods) {
      const target = method === "CONNECT" ? "a:1" : "/";
      const head = `${method} ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
      const learned = reader.read(Buffer.from(head), null).messages[0]?.start.slice(1);
      if (learned !== undefined) this.#names.set(Number(learned), method);
    }
    return this.#names.get(number) ?? `#${number}`;
  }

  #forget(): void {
    this.#pending = [];
    this.#pendingTarget = "";
  }
}

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : error.message;
}

function toLines(pairs: readonly string[]): string[] {
  const lines: string[] = [];
  for (let index = 0; index < pairs.length; index += 2) {
    lines.push(`${pairs[index]!.toLowerCase()}: ${pairs[index + 1]}`);
  }
  return lines;
}
