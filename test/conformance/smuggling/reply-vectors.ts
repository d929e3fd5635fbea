/** A reply that makes two readers see different replies, as an HTTP/1 process writes it. */
export interface ReplyVector {
  readonly name: string;
  readonly octets: string;
  /**
   * `bad`: the caller gets a reason, or sees that the reply is not whole. `one`: it gets this reply, and what is behind it reaches
   * nobody.
   */
  readonly gives: "bad" | "one";
}

const other = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled";
const ok = (...fields: readonly string[]) =>
  `HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`;
const te = "Transfer-Encoding: chunked";

export const replyVectors: readonly ReplyVector[] = [
  { name: "octets behind a reply", octets: `${ok("Content-Length: 2")}ok${other}`, gives: "one" },
  { name: "CL and TE", octets: `${ok("Content-Length: 2", te)}0\r\n\r\n${other}`, gives: "bad" },
  {
    name: "two lengths that differ",
    octets: `${ok("Content-Length: 2", "Content-Length: 3")}ok${other}`,
    gives: "bad",
  },
  { name: "a list of lengths", octets: `${ok("Content-Length: 2, 3")}ok${other}`, gives: "bad" },
  { name: "a length with a sign", octets: `${ok("Content-Length: +2")}ok${other}`, gives: "bad" },
  {
    name: "an unknown coding",
    octets: `${ok("Transfer-Encoding: xchunked")}0\r\n\r\n${other}`,
    gives: "bad",
  },
  {
    name: "chunked, identity",
    octets: `${ok("Transfer-Encoding: chunked, identity")}0\r\n\r\n${other}`,
    gives: "bad",
  },
  {
    name: "TE on HTTP/1.0",
    octets: `HTTP/1.0 200 OK\r\n${te}\r\n\r\n0\r\n\r\n${other}`,
    gives: "bad",
  },
  {
    name: "a bare LF in the head",
    octets: `HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok${other}`,
    gives: "bad",
  },
  {
    name: "a bare CR in the head",
    octets: `HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\nok`,
    gives: "bad",
  },
  {
    name: "a folded field",
    octets: `HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok`,
    gives: "bad",
  },
  { name: "a NUL in a value", octets: `${ok("X: a\0b", "Content-Length: 2")}ok`, gives: "bad" },
  { name: "no name", octets: `${ok(": 1", "Content-Length: 2")}ok`, gives: "bad" },
  {
    name: "a status that is none",
    octets: `HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok`,
    gives: "bad",
  },
  {
    name: "101 that nobody asked for",
    octets: `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n${other}`,
    gives: "bad",
  },
  {
    name: "a flood of interim replies",
    octets: "HTTP/1.1 102 Processing\r\n\r\n".repeat(100) + other,
    gives: "bad",
  },
  { name: "a chunk size with 0x", octets: `${ok(te)}0x2\r\nok\r\n0\r\n\r\n${other}`, gives: "bad" },
  { name: "LF behind a chunk size", octets: `${ok(te)}2\nok\r\n0\r\n\r\n${other}`, gives: "bad" },
  {
    name: "octets behind a chunk's data",
    octets: `${ok(te)}2\r\nokXX0\r\n\r\n${other}`,
    gives: "bad",
  },
  {
    name: "a body with a 204",
    octets: `HTTP/1.1 204 No Content\r\nContent-Length: 8\r\n\r\n${other}`,
    gives: "one",
  },
  {
    name: "a trailer that frames",
    octets: `${ok(te)}2\r\nok\r\n0\r\nContent-Length: 9\r\n\r\n${other}`,
    gives: "bad",
  },
];
