/** One way to make two readers see different requests. */
export interface RequestVector {
  readonly name: string;
  /** What the client sends, all at once. */
  readonly octets: string;
  /** Whole requests that may reach the process. `refused`: none, and the client is told and its connection closed. */
  readonly reaches: "refused" | "one";
}

const inner = "GET /smuggled HTTP/1.1\r\nHost: kvs\r\n\r\n";

function post(fields: readonly string[], body: string): string {
  return `POST /outer HTTP/1.1\r\nHost: kvs\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n${body}`;
}
function get(...fields: readonly string[]): string {
  return `GET /outer HTTP/1.1\r\nHost: kvs\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`;
}
const te = "Transfer-Encoding: chunked";
const cl = (length: number | string) => `Content-Length: ${length}`;

function refuse(name: string, octets: string): RequestVector {
  return { name, octets, reaches: "refused" };
}
function one(name: string, octets: string): RequestVector {
  return { name, octets, reaches: "one" };
}

/** HTTP/1.1 as a client of bad intent writes it (performance notes on smuggling; Kettle 2019-2025; Http11Probe). */
export const http1Vectors: readonly RequestVector[] = [
  refuse("CL.TE", post([cl(6), te], `0\r\n\r\n${inner}`)),
  refuse(
    "CL.TE with Connection: close",
    post([cl(6), te, "Connection: close"], `0\r\n\r\n${inner}`),
  ),
  refuse("TE.CL", post([te, cl(4)], `5c\r\n${inner}\r\n0\r\n\r\n`)),
  refuse("TE.TE, the second unknown", post([te, "Transfer-Encoding: x"], `0\r\n\r\n${inner}`)),
  refuse("TE.TE, the first unknown", post(["Transfer-Encoding: x", te], `0\r\n\r\n${inner}`)),
  refuse("TE.TE, twice chunked", post([te, te], `0\r\n\r\n${inner}`)),
  refuse("TE.0", post([te, cl(0)], `0\r\n\r\n${inner}`)),
  one("CL.0: a GET with a body", get(cl(inner.length)) + inner),
  one("CL.0: a POST whose body is a request", post([cl(inner.length)], inner)),
  refuse("two lengths that differ", post([cl(0), cl(inner.length)], inner)),
  refuse("two lengths alike", post([cl(inner.length), cl(inner.length)], inner)),
  refuse("a list of lengths", post([cl("5, 5")], `hello${inner}`)),
  refuse("+ before the length", post([cl("+5")], `hello${inner}`)),
  refuse("a hexadecimal length", post([cl("0x5")], `hello${inner}`)),
  refuse("a length that overflows", post([cl("18446744073709551621")], `hello${inner}`)),
  refuse("an empty length", post(["Content-Length:"], inner)),
  refuse(
    "a space before the colon of the length",
    post([`Content-Length : ${inner.length}`], inner),
  ),
  refuse("content_length", post([`Content_Length: ${inner.length}`], inner)),
  refuse("CR within the name of the length", post([`Content-\rLength: ${inner.length}`], inner)),
  refuse("xchunked", post(["Transfer-Encoding: xchunked"], `0\r\n\r\n${inner}`)),
  refuse("chunked, identity", post(["Transfer-Encoding: chunked, identity"], `0\r\n\r\n${inner}`)),
  refuse("a VT before chunked", post(["Transfer-Encoding: \x0bchunked"], `0\r\n\r\n${inner}`)),
  refuse(
    "a folded Transfer-Encoding",
    post(["Transfer-Encoding:\r\n chunked"], `0\r\n\r\n${inner}`),
  ),
  refuse(
    "Transfer-Encoding with a space in its name",
    post(["Transfer-Encoding : chunked"], `0\r\n\r\n${inner}`),
  ),
  refuse("transfer_encoding", post(["Transfer_Encoding: chunked"], `0\r\n\r\n${inner}`)),
  refuse(
    "Transfer-Encoding on HTTP/1.0",
    `POST /outer HTTP/1.0\r\nHost: kvs\r\n${te}\r\n\r\n0\r\n\r\n${inner}`,
  ),
  one(
    "Transfer-Encoding that Connection names",
    post([te, "Connection: transfer-encoding"], "5\r\nhello\r\n0\r\n\r\n"),
  ),
  refuse("a bare LF in the head", `GET /outer HTTP/1.1\r\nHost: kvs\nX: 1\r\n\r\n${inner}`),
  refuse("a bare LF behind the request line", `GET /outer HTTP/1.1\nHost: kvs\r\n\r\n${inner}`),
  refuse("LF LF as the end of the head", `GET /outer HTTP/1.1\r\nHost: kvs\r\n\n${inner}`),
  refuse("a bare CR in the head", `GET /outer HTTP/1.1\r\nHost: kvs\rX: 1\r\n\r\n${inner}`),
  refuse("a NUL in a value", get("X: a\0b") + inner),
  refuse("a folded value", get("X: 1\r\n Y: 2") + inner),
  refuse(
    "a space before the first field",
    `GET /outer HTTP/1.1\r\n X: 1\r\nHost: kvs\r\n\r\n${inner}`,
  ),
  refuse("a line without a colon", get("X") + inner),
  refuse("an empty name", get(": 1") + inner),
  refuse("a tab in a name", get("X\t: 1") + inner),
  refuse("0x80 in a name", get("X\x80: 1") + inner),
  refuse("two Hosts", get("Host: evil") + inner),
  refuse("a Host with a path", `GET /outer HTTP/1.1\r\nHost: kvs/evil\r\n\r\n${inner}`),
  refuse("a tab as separator", `GET\t/outer HTTP/1.1\r\nHost: kvs\r\n\r\n${inner}`),
  refuse("a space in the target", `GET /outer HTTP/1.1 HTTP/1.1\r\nHost: kvs\r\n\r\n${inner}`),
  refuse("HTTP/1.32", `GET /outer HTTP/1.32\r\nHost: kvs\r\n\r\n${inner}`),
  refuse("chunk size with 0x", post([te], `0x5\r\nhello\r\n0\r\n\r\n${inner}`)),
  refuse(
    "chunk size that overflows",
    post([te], `10000000000000005\r\nhello\r\n0\r\n\r\n${inner}`),
  ),
  refuse("LF behind a chunk size", post([te], `5\nhello\r\n0\r\n\r\n${inner}`)),
  refuse(
    "chunk extension that ends in LF (TERM.EXT)",
    post([te], `5;a\nhello\r\n0\r\n\r\n${inner}`),
  ),
  refuse("chunk extension with CR", post([te], `5;a\rb\r\nhello\r\n0\r\n\r\n${inner}`)),
  refuse(
    "chunk extension of 64 KB",
    post([te], `5;${"a".repeat(65_536)}\r\nhello\r\n0\r\n\r\n${inner}`),
  ),
  one("chunk extension that is none of our business", post([te], "5;a=b\r\nhello\r\n0\r\n\r\n")),
  refuse("octets behind a chunk's data (TERM.SPILL)", post([te], `5\r\nhelloXX0\r\n\r\n${inner}`)),
  refuse("no CRLF behind a chunk's data", post([te], `5\r\nhello0\r\n\r\n${inner}`)),
  refuse("a trailer that frames", post([te], `0\r\nContent-Length: 5\r\n\r\n${inner}`)),
  refuse("a last chunk with an unfinished line", post([te], `0\r\nX:\x00\r\n\r\n${inner}`)),
  refuse("Expect that nobody knows", post(["Expect: x", cl(5)], `hello${inner}`)),
  one("Connection: close, and a request behind it", get("Connection: close") + inner),
];
