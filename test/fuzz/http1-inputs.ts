import type { Rng } from "@heddle/mesh/base/rng.ts";

/** Makes inputs that are nearly HTTP/1: messages from a grammar, bent a little, or a file of the corpus bent a little. */
export class InputMaker {
  readonly #rng: Rng;
  readonly #corpus: readonly string[];

  /** @param corpus latin1 texts of one kind of message */
  constructor(rng: Rng, corpus: readonly string[]) {
    this.#rng = rng;
    this.#corpus = corpus;
  }

  request(): string {
    return this.#make(() => this.#requests());
  }

  reply(): string {
    return this.#make(() => this.#replies());
  }

  /** Up to three places to cut `length` octets. */
  cuts(length: number): number[] {
    const cuts = Array.from({ length: this.#rng.below(4) }, () => this.#rng.below(length + 1));
    return cuts.sort((a, b) => a - b);
  }

  #make(grammar: () => string): string {
    const isFromCorpus = this.#corpus.length > 0 && this.#rng.below(5) === 0;
    let text = isFromCorpus ? this.#pick(this.#corpus) : grammar();
    for (let rounds = this.#pick(mutationCounts); rounds > 0; rounds--) text = this.#mutate(text);
    return text;
  }

  #requests(): string {
    let text = this.#rng.below(40) === 0 ? "\r\n" : "";
    for (let count = 1 + (this.#rng.below(3) >> 1); count > 0; count--) {
      const target = this.#pick(targets);
      const method = this.#pick(methods);
      text += `${method} ${target} ${this.#pick(versions)}\r\n`;
      const host = this.#pick(this.#rng.below(20) === 0 ? badHosts : hosts);
      if (this.#rng.below(40) !== 0) text += `Host: ${host}\r\n`;
      text += this.#fieldsAndBody();
    }
    return text;
  }

  #replies(): string {
    let text = "";
    while (this.#rng.below(6) === 0)
      text += `HTTP/1.1 ${this.#pick(["100 Continue", "103 Hi"])}\r\n\r\n`;
    text += `${this.#pick(versions)} ${this.#pick(statuses)}\r\n${this.#fieldsAndBody()}`;
    return this.#rng.below(10) === 0 ? `${text}HTTP/1.1 200 OK\r\n\r\n` : text;
  }

  #fieldsAndBody(): string {
    const lines: string[] = [];
    for (let count = this.#rng.below(5); count > 0; count--) {
      const name = this.#pick(this.#rng.below(8) === 0 ? framingNames : names);
      lines.push(`${name}:${this.#pick(blanks)}${this.#pick(values)}`);
    }
    let body = "";
    const framing = this.#rng.below(4);
    if (framing === 1) {
      body = "hello world".slice(0, this.#rng.below(12));
      lines.push(
        `${this.#pick(lengthNames)}: ${this.#rng.below(20) === 0 ? this.#pick(values) : body.length}`,
      );
    } else if (framing === 2) {
      body = this.#chunks();
      lines.push(
        `Transfer-Encoding:${this.#pick(blanks)}${this.#rng.below(10) === 0 ? this.#pick(codings) : "chunked"}`,
      );
    } else if (framing === 3 && this.#rng.below(6) === 0) {
      lines.push("Transfer-Encoding: chunked", "Content-Length: 5");
      body = "0\r\n\r\n";
    }
    if (lines.length > 1 && this.#rng.below(2) === 0) lines.unshift(lines.pop()!);
    return `${lines.map((line) => `${line}\r\n`).join("")}\r\n${body}`;
  }

  #chunks(): string {
    let text = "";
    for (let count = this.#rng.below(4); count > 0; count--) {
      const data = "0123456789abcdefg".slice(0, 1 + this.#rng.below(17));
      text += `${this.#pick(["", "", "0"])}${data.length.toString(16)}${this.#pick(extensions)}\r\n${data}\r\n`;
    }
    text += `0${this.#pick(extensions)}\r\n`;
    if (this.#rng.below(3) === 0) text += `${this.#pick(names)}: ${this.#pick(values)}\r\n`;
    return `${text}\r\n`;
  }

  #mutate(text: string): string {
    const at = this.#rng.below(text.length + 1);
    const count = 1 + this.#rng.below(6);
    switch (this.#rng.below(6)) {
      case 0:
        return text.slice(0, at) + this.#octets() + text.slice(at + 1);
      case 1:
        return text.slice(0, at) + this.#octets() + text.slice(at);
      case 2:
        return text.slice(0, at) + text.slice(at + count);
      case 3:
        return text.slice(0, at) + text.slice(at, at + count) + text.slice(at);
      case 4: {
        const line = text.indexOf("\r\n", at);
        const end = line < 0 ? text.length : line + 2;
        const from = text.lastIndexOf("\r\n", at) + 2;
        return text.slice(0, end) + text.slice(from, end) + text.slice(end);
      }
      default:
        return this.#rng.below(4) === 0
          ? text.slice(0, at)
          : text.slice(0, at) + this.#pick(pieces) + text.slice(at);
    }
  }

  #octets(): string {
    return this.#rng.below(3) === 0
      ? String.fromCharCode(this.#rng.below(256))
      : this.#pick(octets);
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#rng.below(choices.length)]!;
  }
}

const mutationCounts = [0, 0, 0, 0, 0, 1, 1, 1, 2, 4];
const methods =
  "GET GET GET POST PUT HEAD DELETE OPTIONS PATCH CONNECT COPY QUERY GETS M-SEARCH".split(" ");
const targets =
  "/ / /a /a?b=c /a%2Fb//c * http://kvs/ https://[::1]:8?q kvs:80 /a/../b? //x/y".split(" ");
const versions = [..."HTTP/1.1 ".repeat(18).trim().split(" "), "HTTP/1.0", "HTTP/1.0", "HTTP/2.0"];
const statuses = [
  "200 OK",
  "200 OK",
  "204 No Content",
  "304 Not Modified",
  "404 ",
  "500",
  "101 Up",
  "299 \xe9",
];
const hosts = ["kvs", "kvs", "kvs:80", "[::1]", "", "10.0.0.1:8080"];
const badHosts = ["a b", "a,b", "kvs:", "me@kvs", "kvs%00", "[::1", "kvs:99999"];
const names =
  "A Accept Cookie X-Y Connection TE Upgrade Via Trailer Keep-Alive Content-Type b".split(" ");
const framingNames = "Content-Length Transfer-Encoding Host Content_Length Expect".split(" ");
const lengthNames = ["Content-Length", "content-length", "CONTENT-LENGTH"];
const blanks = [" ", " ", " ", "", "\t", "  "];
const values = [
  "",
  "1",
  "x",
  "close",
  "keep-alive",
  "a, b",
  "X-Y",
  "100-continue",
  "trailers",
  "chunked",
  "5",
  "05",
];
values.push(
  "1.1 heddle",
  "h2c",
  "\xff",
  'a="b"',
  "gzip",
  "5, 5",
  "+5",
  "18446744073709551616",
  "transfer-encoding",
);
const codings = [
  "Chunked",
  "gzip, chunked",
  "chunked, gzip",
  "identity",
  "xchunked",
  "chunked, chunked",
  ",chunked",
  "",
];
const extensions = [...Array(30).fill(""), ";a", ";a=b", ';a="b;c"', ";a=b;c", "; a", " ", ";"];
const octets = [
  "\r",
  "\n",
  "\0",
  " ",
  "\t",
  ":",
  ";",
  ",",
  "\x0b",
  "\x7f",
  "\x80",
  "\xff",
  "0",
  "\r\n",
  '"',
  "\\",
];
const pieces = [
  "\r\n\r\n",
  "\r\n ",
  " :",
  "0\r\n\r\n",
  "Content-Length: 3\r\n",
  "Transfer-Encoding: chunked\r\n",
];
pieces.push(
  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  "\n\n",
  "\r\r\n",
  "HTTP/1.1",
  "Host: y\r\n",
  "ffffffffffffffff",
);
